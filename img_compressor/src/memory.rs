//! What the allocator does with memory between two images.
#![allow(unsafe_code, reason = "the allocator's settings are a C interface")]

/// Keep freed memory for the next image instead of giving it back to the system.
///
/// glibc gives back what lies free at the end of its heap, and the next frame gets it again a
/// page fault at a time: 340 of 1,170 us of an RLE frame of 512 x 512 (measured 2026-11). What is
/// kept is never more than what was needed at once.
pub fn keep_freed() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: each call takes two numbers; one that is refused changes nothing.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 32 << 20);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 64 << 20);
    }
}
