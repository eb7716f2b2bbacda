// A stack of functions whose names are mangled.
#include <unistd.h>

namespace ns {
struct Walker {
	template <typename T> __attribute__((noinline)) T inner(T n) { return chdir("/") + n; }
};

__attribute__((noinline)) int outer(Walker *w, const char *) { return w->inner<int>(1) + 1; }
}

int main() {
	ns::Walker w;
	return ns::outer(&w, "") + 1 > 9;
}
