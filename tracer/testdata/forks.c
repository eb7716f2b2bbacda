/* Threads create processes by fork while another thread makes calls for the first time, one
   after the other. Each of these processes makes the same calls. Its exit status is not 0 if
   a call has a wrong result. */

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "manycalls.h"

static volatile int next, bad;

static int child(int from)
{
    int pid = getpid();
    for (int i = 0; i < 8; i++)
        if (calls[i]() != pid)
            return 1;
    for (int i = from; i < from + 80 && i < CALLS; i++)
        if (calls[i]() != pid)
            return 1;
    return 0;
}

static void *forks(void *arg)
{
    (void)arg;
    while (next < CALLS) {
        int from = next, status = 0;
        int pid = fork();
        if (pid == 0)
            _exit(child(from));
        if (waitpid(pid, &status, 0) != pid || status != 0)
            bad = 1;
    }
    return 0;
}

static void *makes_calls(void *arg)
{
    int pid = getpid();
    (void)arg;
    for (; next < CALLS; next++) {
        if (calls[next]() != pid)
            bad = 1;
        for (volatile int i = 0; i < 20000; i++)
            ;
    }
    return 0;
}

int main(void)
{
    pthread_t forking[2], calling;
    while (next < 40) /* it is patched from here on */
        calls[next++]();
    for (int i = 0; i < 2; i++)
        pthread_create(&forking[i], 0, forks, 0);
    pthread_create(&calling, 0, makes_calls, 0);
    for (int i = 0; i < 2; i++)
        pthread_join(forking[i], 0);
    pthread_join(calling, 0);
    return bad;
}
