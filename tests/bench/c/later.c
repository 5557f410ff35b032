/*
 * Moves the clocks of one process, so that a token of half an hour is old at once. Preloaded into a program that is
 * measured; reads how far from eight bytes at the start of the file that LATER names: seconds that both clocks are
 * ahead, then a second eight for the wall clock alone, as after a suspend. Waits until a moment go by the kernel's
 * clocks, so those moments are moved back.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t unmoved[2];
static const volatile int64_t *ahead = unmoved;

__attribute__((constructor)) static void open_file(void) {
    const char *name = getenv("LATER");
    int file = name == NULL ? -1 : open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return;
    void *page = mmap(NULL, sizeof unmoved, PROT_READ, MAP_SHARED, file, 0);
    if (page != MAP_FAILED)
        ahead = page;
    close(file);
}

/* A moment of the moved clocks, by the kernel's. */
static struct timespec moved_back(const struct timespec *moment) {
    struct timespec back = *moment;
    back.tv_sec -= ahead[0];
    return back;
}

/* Rust's standard library waits by this one. */
long syscall(long number, ...) {
    static long (*next)(long, ...);
    long given[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        given[i] = va_arg(list, long);
    va_end(list);
    struct timespec back;
    if (number == SYS_futex && (given[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET && given[3] != 0) {
        back = moved_back((const struct timespec *)given[3]);
        given[3] = (long)&back;
    }
    if (next == NULL)
        *(void **)&next = dlsym(RTLD_NEXT, "syscall");
    return next(number, given[0], given[1], given[2], given[3], given[4], given[5]);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    long failed = syscall(SYS_clock_gettime, clock, now);
    if (failed == 0) {
        if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
            now->tv_sec += ahead[0] + ahead[1];
        else if (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_MONOTONIC_RAW)
            now->tv_sec += ahead[0];
        else if (clock == CLOCK_BOOTTIME)
            now->tv_sec += ahead[0] + ahead[1];
    }
    return (int)failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    now->tv_sec = time.tv_sec;
    now->tv_usec = time.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *until, struct timespec *left) {
    struct timespec back = flags & TIMER_ABSTIME ? moved_back(until) : *until;
    long failed = syscall(SYS_clock_nanosleep, clock, flags, &back, left);
    return failed == 0 ? 0 : errno;
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until) {
    int (*next)(sem_t *, const struct timespec *);
    *(void **)&next = dlsym(RTLD_NEXT, "sem_timedwait");
    struct timespec back = moved_back(until);
    return next(semaphore, &back);
}

int sem_clockwait(sem_t *restrict semaphore, clockid_t clock, const struct timespec *restrict until) {
    int (*next)(sem_t *, clockid_t, const struct timespec *);
    *(void **)&next = dlsym(RTLD_NEXT, "sem_clockwait");
    struct timespec back = moved_back(until);
    return next(semaphore, clock, &back);
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until) {
    int (*next)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
    *(void **)&next = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    struct timespec back = moved_back(until);
    return next(condition, mutex, &back);
}

int pthread_cond_clockwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex, clockid_t clock,
                           const struct timespec *restrict until) {
    int (*next)(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);
    *(void **)&next = dlsym(RTLD_NEXT, "pthread_cond_clockwait");
    struct timespec back = moved_back(until);
    return next(condition, mutex, clock, &back);
}
