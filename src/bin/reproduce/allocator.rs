//! Memory that is not to be had ends the program as every other error does, with one line and exit status 1, instead of by a signal.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::{Cursor, Write};

/// The system's allocator.
pub struct Allocator;

unsafe extern "C" {
    fn _exit(status: i32) -> !;
}

/// Ends the program. Other threads are at work, so nothing is torn down, and nothing here asks for memory.
fn end(bytes: usize) -> ! {
    let mut line = Cursor::new([0; 200]);
    // What does not fit is left out.
    let _ = writeln!(
        line,
        "error: out of memory: {bytes} bytes more are not to be had; lower the number of images, rows or threads, or allow more \
         (`ulimit -v`)"
    );
    let length = line.position() as usize;
    let _ = std::io::stderr().write_all(&line.get_ref()[..length]);
    // SAFETY: ends the process.
    unsafe { _exit(1) }
}

fn given(pointer: *mut u8, bytes: usize) -> *mut u8 {
    if pointer.is_null() { end(bytes) } else { pointer }
}

// SAFETY: the system's, but for null, which does not come back.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract.
        given(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract.
        given(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller keeps the contract.
        given(unsafe { System.realloc(pointer, layout, size) }, size)
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}
