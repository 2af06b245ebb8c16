//! Undoing `Content-Encoding` while the body comes, into a bounded place.

use flate2::write::{DeflateDecoder, GzDecoder, ZlibDecoder};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Encodings upon each other.
const MOST_ENCODINGS: usize = 3;
/// Two to this power is what zstd may keep of what it has written: 8 MiB, which RFC 8878 asks of everybody.
const ZSTD_WINDOW: u32 = 23;
/// Members of a gzip file. Each costs tens of microseconds though it may be of 20 bytes and of nothing.
const MOST_MEMBERS: usize = 1_024;
/// Bytes that brotli writes at once.
const BROTLI_BUFFER: usize = 16 * 1_024;

/// A body that comes encoded.
pub(super) struct Decoder {
    stage: Box<dyn Stage>,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    full: bool,
}

/// What came of a part.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    On,
    /// There is more than may be kept.
    Full,
    /// It isn't encoded as it says.
    Undecodable,
}

impl Decoder {
    /// By the values of `Content-Encoding`; `None` when there is nothing to undo.
    ///
    /// # Errors
    /// One of them is not known, or they are too many.
    pub(super) fn new<'a>(values: impl Iterator<Item = &'a str>, limit: usize) -> Result<Option<Self>, ()> {
        let names = values.flat_map(|value| value.split(',')).map(|name| name.trim().to_ascii_lowercase());
        let names: Vec<_> = names.filter(|name| !name.is_empty() && name != "identity").collect();
        if names.is_empty() {
            return Ok(None);
        }
        if names.len() > MOST_ENCODINGS {
            return Err(());
        }
        let kept = Arc::new(Mutex::new(Kept::default()));
        let mut stage: Box<dyn Stage> = Box::new(Keep(Arc::clone(&kept), limit));
        for name in names {
            // Each in between is bounded as well: what is small in the end may be huge on the way.
            let inner = Metered { left: limit, kept: Arc::clone(&kept), inner: stage };
            stage = match name.as_str() {
                "gzip" | "x-gzip" => Box::new(Gzip { member: Some(GzDecoder::new(inner)), members: 1 }),
                "deflate" => Box::new(Deflate::Unknown(Some(inner))),
                "br" => Box::new(brotli_decompressor::DecompressorWriter::new(inner, BROTLI_BUFFER)),
                "zstd" => {
                    let mut decoder = zstd::stream::write::Decoder::new(inner).map_err(|_| ())?;
                    decoder.window_log_max(ZSTD_WINDOW).map_err(|_| ())?;
                    Box::new(decoder)
                }
                _ => return Err(()),
            };
        }
        Ok(Some(Self { stage, kept }))
    }

    /// Takes a part.
    pub(super) fn push(&mut self, part: &[u8]) -> Step {
        match self.stage.write_all(part) {
            Ok(()) => Step::On,
            Err(_) => self.failed(),
        }
    }

    /// What was decoded; an end that should be there is missed when `whole`.
    pub(super) fn finish(mut self, whole: bool) -> (Vec<u8>, Step) {
        let step = match if whole { self.stage.finish() } else { self.stage.flush() } {
            Err(_) if whole => self.failed(),
            _ => Step::On,
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut kept.bytes), if kept.full { Step::Full } else { step })
    }

    fn failed(&self) -> Step {
        let full = self.kept.lock().unwrap_or_else(PoisonError::into_inner).full;
        if full { Step::Full } else { Step::Undecodable }
    }
}

/// One encoding undone, or the place where it ends.
trait Stage: Write + Send {
    /// All has come.
    fn finish(&mut self) -> io::Result<()>;
}

struct Keep(Arc<Mutex<Kept>>, usize);

impl Write for Keep {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = self.1 - kept.bytes.len();
        kept.bytes.extend_from_slice(&part[..part.len().min(room)]);
        if part.len() > room {
            kept.full = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stage for Keep {
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Metered {
    left: usize,
    kept: Arc<Mutex<Kept>>,
    inner: Box<dyn Stage>,
}

impl Write for Metered {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        let fits = &part[..part.len().min(self.left)];
        self.inner.write_all(fits)?;
        self.left -= fits.len();
        if fits.len() < part.len() {
            self.kept.lock().unwrap_or_else(PoisonError::into_inner).full = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A gzip file: members one behind the other.
struct Gzip {
    /// `None` after a member that ended badly.
    member: Option<GzDecoder<Metered>>,
    members: usize,
}

impl Write for Gzip {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        let Some(member) = &mut self.member else { return Err(io::ErrorKind::InvalidData.into()) };
        let taken = member.write(part)?;
        if taken > 0 || part.is_empty() {
            return Ok(taken);
        }
        // It has ended, and the next begins.
        self.members += 1;
        if self.members > MOST_MEMBERS {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let next = self.member.take().map(GzDecoder::finish).transpose()?.map(GzDecoder::new);
        self.member = next;
        self.member.as_mut().map_or(Ok(0), |member| member.write(part))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.member.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Stage for Gzip {
    fn finish(&mut self) -> io::Result<()> {
        let Some(member) = &mut self.member else { return Err(io::ErrorKind::InvalidData.into()) };
        member.try_finish()?;
        member.get_mut().inner.finish()
    }
}

impl Stage for brotli_decompressor::DecompressorWriter<Metered> {
    fn finish(&mut self) -> io::Result<()> {
        self.close()?;
        self.get_mut().inner.finish()
    }
}

impl Stage for zstd::stream::write::Decoder<'static, Metered> {
    fn finish(&mut self) -> io::Result<()> {
        self.do_finish()?;
        self.get_mut().inner.finish()
    }
}

/// `deflate` is to be zlib's format (RFC 1950), and some send what is inside of that alone (RFC 1951).
enum Deflate {
    Unknown(Option<Metered>),
    Zlib(ZlibDecoder<Metered>),
    Raw(DeflateDecoder<Metered>),
}

impl Write for Deflate {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        if let (Self::Unknown(inner), Some(first)) = (&mut *self, part.first())
            && let Some(inner) = inner.take()
        {
            let zlib = first & 0x0f == 8 && first >> 4 <= 7;
            *self = if zlib { Self::Zlib(ZlibDecoder::new(inner)) } else { Self::Raw(DeflateDecoder::new(inner)) };
        }
        match self {
            Self::Unknown(_) => Ok(part.len()),
            Self::Zlib(decoder) => decoder.write(part),
            Self::Raw(decoder) => decoder.write(part),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Unknown(_) => Ok(()),
            Self::Zlib(decoder) => decoder.flush(),
            Self::Raw(decoder) => decoder.flush(),
        }
    }
}

impl Stage for Deflate {
    fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Unknown(_) => Ok(()),
            Self::Zlib(decoder) => decoder.try_finish().and_then(|()| decoder.get_mut().inner.finish()),
            Self::Raw(decoder) => decoder.try_finish().and_then(|()| decoder.get_mut().inner.finish()),
        }
    }
}
