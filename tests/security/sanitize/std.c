/* What ThreadSanitizer has to be told of Rust's standard library, which comes compiled and without its
 * instrumentation. Instead of hiding reports this says what really happens there: the linker leads calls of
 * the functions below (--wrap) through these, and they name the order that the function establishes. What
 * is generic in the library is compiled with its users and needs nothing of this.
 *
 * Not seen: races between two accesses that both lie in the standard library's own compiled code. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

/* LLVM's names for what gcc's runtime knows as the plain functions. */
void *__tsan_memcpy(void *to, const void *from, size_t size) { return memcpy(to, from, size); }
void *__tsan_memmove(void *to, const void *from, size_t size) { return memmove(to, from, size); }
void *__tsan_memset(void *to, int byte, size_t size) { return memset(to, byte, size); }

/* The last owner of an Arc orders itself after all others with a fence, which ThreadSanitizer does not
 * know; where the standard library is built for it, it reads the count instead. So does this. */
enum { RELEASE = 3, ACQUIRE_RELEASE = 4 };

uint64_t __real___tsan_atomic64_fetch_sub(volatile uint64_t *count, uint64_t by, int order);
uint64_t __wrap___tsan_atomic64_fetch_sub(volatile uint64_t *count, uint64_t by, int order) {
    return __real___tsan_atomic64_fetch_sub(count, by, order == RELEASE ? ACQUIRE_RELEASE : order);
}

/* Locks: taking one without contention, and letting it go, is compiled with its users. */
void real_mutex_lock_contended(void *mutex);
void mutex_lock_contended(void *mutex) {
    real_mutex_lock_contended(mutex);
    __tsan_acquire(mutex);
}

void real_rwlock_read_contended(void *lock);
void rwlock_read_contended(void *lock) {
    real_rwlock_read_contended(lock);
    __tsan_acquire(lock);
}

void real_rwlock_write_contended(void *lock);
void rwlock_write_contended(void *lock) {
    real_rwlock_write_contended(lock);
    __tsan_acquire(lock);
}

/* Waiting lets the mutex go and takes it again. */
void real_condvar_wait(void *condvar, void *mutex);
void condvar_wait(void *condvar, void *mutex) {
    __tsan_release(mutex);
    real_condvar_wait(condvar, mutex);
    __tsan_acquire(mutex);
}

bool real_condvar_wait_timeout(void *condvar, void *mutex, uint64_t seconds, uint32_t nanoseconds);
bool condvar_wait_timeout(void *condvar, void *mutex, uint64_t seconds, uint32_t nanoseconds) {
    __tsan_release(mutex);
    bool in_time = real_condvar_wait_timeout(condvar, mutex, seconds, nanoseconds);
    __tsan_acquire(mutex);
    return in_time;
}

void real_once_call(void *once, bool ignore_poisoning, void *function, void *vtable, void *location);
void once_call(void *once, bool ignore_poisoning, void *function, void *vtable, void *location) {
    real_once_call(once, ignore_poisoning, function, vtable, location);
    __tsan_release(once);
    __tsan_acquire(once);
}
