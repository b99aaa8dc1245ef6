//! A driver for the tests: says `ready`, echoes each signal that it gets as a line (a real-time one as its number), and does what its standard input says:
//! `exit N` ends it with N, the end of input with 0. It dies of nothing but SIGKILL.

use std::{
    io::{self, BufRead},
    process::ExitCode,
    thread,
};

use nix::sys::signal::Signal;
use rustix::process::Signal as Numbered;
use rustix_libc_wrappers::process::SignalExt;
use signal_hook::iterator::Signals;

fn main() -> io::Result<ExitCode> {
    let can_be_caught = |signal: &Signal| !signal_hook::consts::FORBIDDEN.contains(&(*signal as i32));
    let named = Signal::iterator().filter(can_be_caught).map(|signal| signal as i32);
    let real_time = Numbered::rt_min().as_raw()..=Numbered::rt_max().as_raw();
    let mut signals = Signals::new(named.chain(real_time))?;
    println!("ready");
    thread::spawn(move || {
        for signal in signals.forever() {
            match Signal::try_from(signal) {
                Ok(signal) => println!("{signal}"),
                Err(_) => println!("{signal}"),
            }
        }
    });
    for line in io::stdin().lock().lines() {
        if let Some(code) = line?.strip_prefix("exit ").and_then(|code| code.parse::<u8>().ok()) {
            return Ok(ExitCode::from(code));
        }
    }
    Ok(ExitCode::SUCCESS)
}
