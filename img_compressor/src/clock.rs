//! Processor time of a thread, read by another one; and a thread that is told to step back.
//!
//! A stopped or busy machine takes no processor time, so it condemns nobody.
#![allow(
    unsafe_code,
    reason = "clocks and priorities of threads are a C interface"
)]

use std::time::Duration;

/// The clock of the thread that made it. Where the system has none, the clock on the wall.
#[derive(Debug)]
pub struct Clock {
    #[cfg(target_os = "linux")]
    id: libc::clockid_t,
    #[cfg(target_os = "linux")]
    thread: libc::pid_t,
    #[cfg(not(target_os = "linux"))]
    began: std::time::Instant,
}

#[cfg(target_os = "linux")]
impl Clock {
    /// The clock of this thread; `None` where the system does not give it.
    #[must_use]
    pub fn of_this_thread() -> Option<Self> {
        let mut id = 0;
        // SAFETY: the calling thread lives, and `id` is a valid place.
        let (failed, thread) = unsafe {
            let this = libc::pthread_self();
            (
                libc::pthread_getcpuclockid(this, &raw mut id),
                libc::gettid(),
            )
        };
        (failed == 0).then_some(Self { id, thread })
    }

    /// What the thread has taken so far; `None` once it is gone.
    #[must_use]
    pub fn spent(&self) -> Option<Duration> {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: `time` is a valid place; an id that is no more is refused.
        let failed = unsafe { libc::clock_gettime(self.id, &raw mut time) };
        let seconds = u64::try_from(time.tv_sec).ok()?;
        let nanoseconds = u32::try_from(time.tv_nsec).ok()?;
        (failed == 0).then(|| Duration::new(seconds, nanoseconds))
    }

    /// Give the thread the least share of the processors from now on.
    pub fn step_back(&self) {
        let Ok(thread) = libc::id_t::try_from(self.thread) else {
            return;
        };
        // SAFETY: three numbers; a thread that is no more is refused.
        unsafe { libc::setpriority(libc::PRIO_PROCESS, thread, 19) };
    }
}

#[cfg(not(target_os = "linux"))]
impl Clock {
    /// The time from now on.
    #[must_use]
    pub fn of_this_thread() -> Option<Self> {
        let began = std::time::Instant::now();
        Some(Self { began })
    }

    /// Time since then.
    #[must_use]
    pub fn spent(&self) -> Option<Duration> {
        Some(self.began.elapsed())
    }

    /// Nothing that the system offers.
    pub fn step_back(&self) {}
}

/// End the process without the libraries' last words: a thread that was given up still runs in
/// them, and would use what they have taken down.
pub fn leave(code: i32) -> ! {
    #[cfg(target_os = "linux")]
    // SAFETY: ends the process; nothing of it is used again.
    unsafe {
        libc::_exit(code)
    }
    #[cfg(not(target_os = "linux"))]
    std::process::exit(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sleeping takes none of it, work does.
    #[test]
    fn the_clock_counts_work() {
        let clock = Clock::of_this_thread().expect("a clock");
        let before = clock.spent().expect("this thread lives");
        let mut sum = 0_u64;
        while clock.spent().expect("this thread lives") < before + Duration::from_millis(5) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let read_elsewhere = std::thread::scope(|scope| {
            let reader = scope.spawn(|| clock.spent());
            reader.join().expect("no panic")
        });

        assert!(read_elsewhere >= Some(before + Duration::from_millis(5)));
    }
}
