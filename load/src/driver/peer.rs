//! What other servers deliver, each in the words of its protocol: as little of each as receives and publishes.

use super::dialect::{Dialect, Fault, LARGE, Read};
use super::plan::Protocol;
use crate::bare::dial::Door;
use crate::bare::frame;
use memchr::memmem::Finder;

/// The channel, subject, topic, event that all listen to.
const TOPIC: &str = "edits";

/// One server's protocol, and the message that all are to get.
pub(crate) struct Peer {
    protocol: Protocol,
    payload: String,
    find: Finder<'static>,
    watchers: usize,
}

impl Peer {
    /// Of this protocol; this message, to so many.
    pub(crate) fn new(protocol: Protocol, payload: String, watchers: usize) -> Self {
        Self { find: Finder::new(&payload).into_owned(), protocol, payload, watchers }
    }

    fn publication(&self, payload: &str) -> Vec<u8> {
        match self.protocol {
            Protocol::Plain => frame::of_client(frame::TEXT, payload.as_bytes()),
            Protocol::Mqtt => frame::of_client(frame::BINARY, &mqtt::publish(TOPIC, payload)),
            Protocol::Nats => {
                let publish = format!("PUB {TOPIC} {}\r\n{payload}\r\n", payload.len());
                frame::of_client(frame::BINARY, publish.as_bytes())
            }
            Protocol::SocketIo => frame::of_client(frame::TEXT, format!(r#"42["{TOPIC}","{payload}"]"#).as_bytes()),
        }
    }
}

impl Dialect for Peer {
    fn door(&self, session: usize) -> Door {
        let path = match self.protocol {
            Protocol::Plain if session < self.watchers => "/sub",
            Protocol::Plain => "/pub",
            Protocol::Mqtt => "/mqtt",
            Protocol::Nats => "/",
            Protocol::SocketIo => "/socket.io/?EIO=4&transport=websocket",
        };
        let subprotocol = if self.protocol == Protocol::Mqtt { "Sec-WebSocket-Protocol: mqtt\r\n" } else { "" };
        Door { path: path.to_owned(), headers: subprotocol.to_owned() }
    }

    fn opening(&self, session: usize) -> Vec<u8> {
        let watches = session < self.watchers;
        match self.protocol {
            Protocol::Plain => Vec::new(),
            Protocol::Mqtt => {
                let connect = mqtt::connect(&format!("load-{session}"));
                let subscribe = if watches { mqtt::subscribe(TOPIC) } else { Vec::new() };
                frame::of_client(frame::BINARY, &[connect, subscribe].concat())
            }
            Protocol::Nats => {
                let connect = r#"CONNECT {"verbose":false,"pedantic":false,"echo":false}"#;
                let subscribe = if watches { format!("SUB {TOPIC} 1\r\n") } else { String::new() };
                frame::of_client(frame::BINARY, format!("{connect}\r\n{subscribe}").as_bytes())
            }
            Protocol::SocketIo => frame::of_client(frame::TEXT, b"40"),
        }
    }

    fn publishers_receive(&self) -> bool {
        false
    }

    fn publish(&mut self) -> Vec<u8> {
        self.publication(&self.payload)
    }

    fn prime(&mut self) -> Vec<u8> {
        self.publication(&"x".repeat(LARGE))
    }

    /// A backlog may come in one frame.
    fn longest(&self) -> usize {
        1 << 20
    }

    fn read(&mut self, _: usize, _: u64, _: u64, message: &[u8]) -> Result<Read, Fault> {
        let copies = self.find.find_iter(message).count() as u64;
        if copies > 0 {
            return Ok(Read::Deliveries(copies));
        }
        Ok(match (self.protocol, message) {
            (Protocol::SocketIo, b"2") => Read::Answer(frame::of_client(frame::TEXT, b"3")),
            (Protocol::Nats, b"PING\r\n") => Read::Answer(frame::of_client(frame::BINARY, b"PONG\r\n")),
            (Protocol::Nats, message) if message.starts_with(b"-ERR") => {
                return Err(Fault(format!("refused: {}", String::from_utf8_lossy(message))));
            }
            _ => Read::Other,
        })
    }
}

/// Packets of MQTT 3.1.1, at quality of service 0.
mod mqtt {
    fn packet(first: u8, body: &[u8]) -> Vec<u8> {
        let (mut packet, mut left) = (vec![first], body.len());
        loop {
            let low = (left & 0x7f) as u8;
            left >>= 7;
            packet.push(if left > 0 { low | 0x80 } else { low });
            if left == 0 {
                break;
            }
        }
        packet.extend_from_slice(body);
        packet
    }

    fn string(text: &str) -> Vec<u8> {
        [&(text.len() as u16).to_be_bytes(), text.as_bytes()].concat()
    }

    /// A clean session without keep-alive.
    pub(super) fn connect(client: &str) -> Vec<u8> {
        packet(0x10, &[string("MQTT"), vec![4, 0x02, 0, 0], string(client)].concat())
    }

    pub(super) fn subscribe(topic: &str) -> Vec<u8> {
        packet(0x82, &[vec![0, 1], string(topic), vec![0]].concat())
    }

    pub(super) fn publish(topic: &str, payload: &str) -> Vec<u8> {
        packet(0x30, &[string(topic), payload.as_bytes().to_vec()].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_counted_whatever_stands_between_them() {
        let mut peer = Peer::new(Protocol::Nats, "payload".into(), 1);
        let read = peer.read(0, 0, 2, b"MSG edits 1 7\r\npayload\r\nMSG edits 1 7\r\npayload\r\n");
        assert_eq!(read, Ok(Read::Deliveries(2)));
        assert_eq!(peer.read(0, 2, 2, b"+OK\r\n"), Ok(Read::Other));
    }

    #[test]
    fn a_long_packet_says_its_length_in_two_bytes() {
        let packet = mqtt::publish("t", &"x".repeat(300));
        assert_eq!(packet[..6], [0x30, 0xaf, 0x02, 0, 1, b't']);
        assert_eq!(packet.len(), 3 + 303);
    }
}
