// A stack of functions whose names are mangled.
extern "C" {
    fn chdir(path: *const u8) -> i32;
}

mod deep {
    pub struct Walker;

    impl Walker {
        #[inline(never)]
        pub fn inner(&self, n: i32) -> i32 {
            unsafe { super::chdir(b"/\0".as_ptr()) + n }
        }
    }

    #[inline(never)]
    pub fn outer(w: &Walker) -> i32 {
        w.inner(1) + 1
    }
}

fn main() {
    std::process::exit(deep::outer(&deep::Walker) - 2)
}
