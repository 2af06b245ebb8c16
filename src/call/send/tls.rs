//! TLS: certificates that the system trusts, or, for a request that says so, any.

use super::super::guard::connect::Stream;
use super::error::SendError;
use anyhow::Context;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::sync::Arc;
use tokio_rustls::TlsConnector;

/// The two ways of TLS.
#[derive(Clone)]
pub(super) struct Tls {
    strict: TlsConnector,
    lax: TlsConnector,
}

impl Tls {
    pub(super) fn new(roots: RootCertStore) -> anyhow::Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let builder = || {
            ClientConfig::builder_with_provider(Arc::clone(&provider))
                .with_safe_default_protocol_versions()
                .context("set up TLS")
        };
        let anybody = Arc::new(Anybody(Arc::clone(&provider)));
        let strict = builder()?.with_root_certificates(roots).with_no_client_auth();
        let lax = builder()?.dangerous().with_custom_certificate_verifier(anybody).with_no_client_auth();
        let connector = |mut config: ClientConfig| {
            // A ticket would tell a server that two people's requests come from one place.
            config.resumption = rustls::client::Resumption::disabled();
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            TlsConnector::from(Arc::new(config))
        };
        Ok(Self { strict: connector(strict), lax: connector(lax) })
    }

    /// TLS upon a connection that is open.
    pub(super) async fn wrap(
        &self,
        stream: Box<dyn Stream>,
        host: &str,
        strict: bool,
    ) -> Result<Box<dyn Stream>, SendError> {
        let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_owned();
        let failed = |reason: String| SendError::TlsFailed { host: host.clone(), reason };
        let name = ServerName::try_from(host.clone()).map_err(|error| failed(error.to_string()))?;
        let connector = if strict { &self.strict } else { &self.lax };
        let stream = connector.connect(name, stream).await.map_err(|error| failed(error.to_string()))?;
        Ok(Box::new(stream))
    }
}

/// The certificates that the system trusts.
pub(super) fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if added == 0 {
        tracing::warn!(
            "the system has no trusted certificates: requests to https:// fail unless they don't ask for them"
        );
    }
    roots
}

/// Whoever it is.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
