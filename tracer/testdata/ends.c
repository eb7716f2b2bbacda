/* Processes with threads end while their first thread makes calls for the first time: because
   another thread exits ("exit"), kills the process ("kill") or executes a program ("exec"). */

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manycalls.h"

static const char *how, *program;
static volatile int made; /* the number of calls */
static int after;         /* this many calls the process ends, */
static int later;         /* and after some time */

static void *waits(void *arg)
{
    pause();
    return arg;
}

static void *ends(void *arg)
{
    while (made < after)
        ;
    for (volatile int i = 0; i < later; i++)
        ;
    if (!strcmp(how, "exit"))
        _exit(0);
    if (!strcmp(how, "kill"))
        kill(getpid(), SIGKILL);
    execl(program, program, (char *)0);
    return arg;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 0;
    program = argv[0];
    how = argv[1];
    for (int i = 0; i < 100; i++) {
        int status, pid;
        after = i % 4;
        later = rand() % 30000;
        pid = fork();
        if (pid == 0) {
            pthread_t thread;
            for (int k = 0; k < 3; k++)
                pthread_create(&thread, 0, waits, 0);
            pthread_create(&thread, 0, ends, 0);
            for (;; made++)
                calls[made % CALLS]();
        }
        if (waitpid(pid, &status, 0) != pid || status != (strcmp(how, "kill") ? 0 : SIGKILL))
            return 1;
    }
    return 0;
}
