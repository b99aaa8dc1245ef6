//! Whether somebody listens on a port of the pod, as the kernel's tables tell it: nobody is connected to.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, ErrorKind},
};

/// The tables of this network namespace, which is the whole pod's (Linux: proc_net_tcp.rst).
const TABLES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];
/// The state of a socket that listens, as the tables write it (Linux: `TCP_LISTEN`).
const LISTENING: &str = "0A";

/// Whether anyone listens on the port now. Reads files that have a line for each connection of the pod.
///
/// # Errors
/// When a table cannot be read. One that is not there is empty: a node may have no IPv6.
pub fn is_open(port: u16) -> io::Result<bool> {
    for table in TABLES {
        let open = match File::open(table) {
            Ok(file) => listens(BufReader::new(file), port)?,
            Err(error) if error.kind() == ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        };
        if open {
            return Ok(true);
        }
    }
    Ok(false)
}

/// `sl: address:port address:port state …`, in hexadecimal digits, after a line of headings.
fn listens(table: impl BufRead, port: u16) -> io::Result<bool> {
    for line in table.lines() {
        let line = line?;
        let mut fields = line.split_ascii_whitespace().skip(1);
        let (local, state) = (fields.next(), fields.nth(1));
        let its_port = local.and_then(|local| u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok());
        if its_port == Some(port) && state == Some(LISTENING) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    const HEADINGS: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n";

    #[test]
    fn only_a_socket_that_listens_on_the_port_counts() {
        for (line, open) in [
            ("   0: 00000000:1BA6 00000000:0000 0A 00000000:00000000 00:00000000 00000000   185", true),
            ("1000: 0100007F:1BA6 00000000:0000 0A 00000000:00000000", true),
            ("   0: 00000000000000000000000000000000:1BA6 00000000000000000000000000000000:0000 0A 0", true),
            ("   0: 0100007F:1BA6 0100007F:C350 01 00000000:00000000", false),
            ("   0: 0100007F:1BA6 0100007F:C350 06 00000000:00000000", false),
            ("   0: 0100007F:C350 0100007F:1BA6 01 00000000:00000000", false),
            ("   0: 00000000:1BA7 00000000:0000 0A 00000000:00000000", false),
            ("   0: 00000000:1BA6", false),
            ("nonsense", false),
            ("", false),
        ] {
            assert_eq!(listens(format!("{HEADINGS}{line}\n").as_bytes(), 7078).unwrap(), open, "{line}");
        }
    }

    #[test]
    fn a_port_is_open_while_its_listener_lives() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(is_open(port).unwrap());
        drop(listener);
        assert!(!is_open(port).unwrap());
    }
}
