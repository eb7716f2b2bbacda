/* Calls the libraries that it is given, of which only one is mapped at a time. */
#include <dlfcn.h>

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		void *library = dlopen(argv[i], RTLD_NOW);
		if (!library)
			return 1;
		((int (*)(void))dlsym(library, "call"))();
		dlclose(library);
	}
	return 0;
}
