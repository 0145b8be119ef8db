/*
 * Lets a real QEMU run on the host that a case asks for, as far as memory devices care (LD_PRELOAD).
 *
 * HOST_KVM_MEMSLOTS, HOST_VHOST_MEMSLOTS: how many memory slots KVM and vhost backends say they have.
 * HOST_SGX: there is enclave memory. HOST_SYNIC: KVM says it has Hyper-V's interrupt controller.
 * The vhost backends are in the kernel (/dev/vhost-*) and behind sockets called vhost-user; none does any work.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/vhost.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* What QEMU's devices have unless they are told otherwise: 1 to 32, and RING_RESET. */
#define FEATURES (((1ull << 33) - 2) | 1ull << 40)

static char vhost[1 << 16]; /* which descriptors are vhost devices */

static int memory_file(const char *content)
{
    int fd = memfd_create("simulated", 0);
    if (content) {
        (void)!write(fd, content, strlen(content));
        lseek(fd, 0, SEEK_SET);
    }
    return fd;
}

/* A descriptor if the file is one of ours, else -1. */
static int open_ours(const char *path)
{
    const char *memslots = getenv("HOST_VHOST_MEMSLOTS");
    if (memslots && !strcmp(path, "/sys/module/vhost/parameters/max_mem_regions"))
        return memory_file(memslots);
    if (memslots && (!strcmp(path, "/dev/vhost-vsock") || !strcmp(path, "/dev/vhost-scsi"))) {
        int fd = memory_file(NULL);
        vhost[fd] = 1;
        return fd;
    }
    if (getenv("HOST_SGX") && !strcmp(path, "/dev/sgx_vepc"))
        return memory_file(NULL);
    return -1;
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    int fd = open_ours(path);
    return fd >= 0 ? fd : REAL(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    int fd = open_ours(path);
    return fd >= 0 ? fd : REAL(open64)(path, flags, mode);
}

enum { HV_VP_INDEX = 0x40000002, HV_SCONTROL = 0x40000080 };

static int is_synic(unsigned long capability)
{
    return capability == KVM_CAP_HYPERV || capability == KVM_CAP_HYPERV_SYNIC || capability == KVM_CAP_HYPERV_SYNIC2 ||
           capability == KVM_CAP_HYPERV_VP_INDEX || capability == KVM_CAP_HYPERV_EVENTFD;
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (fd >= 0 && vhost[fd]) {
        if (request == VHOST_GET_FEATURES)
            *(uint64_t *)argument = FEATURES;
        return 0;
    }
    const char *memslots = getenv("HOST_KVM_MEMSLOTS");
    if (memslots && request == KVM_CHECK_EXTENSION && (unsigned long)argument == KVM_CAP_NR_MEMSLOTS)
        return atoi(memslots);
    if (getenv("HOST_SYNIC")) {
        if (request == KVM_CHECK_EXTENSION && is_synic((unsigned long)argument))
            return 1;
        if (request == KVM_ENABLE_CAP && is_synic(((struct kvm_enable_cap *)argument)->cap))
            return 0;
        if (request == KVM_HYPERV_EVENTFD)
            return 0;
        if (request == KVM_GET_MSR_INDEX_LIST) {
            struct kvm_msr_list *list = argument;
            int status = REAL(ioctl)(fd, request, argument);
            list->nmsrs += 2;
            if (!status) {
                list->indices[list->nmsrs - 2] = HV_VP_INDEX;
                list->indices[list->nmsrs - 1] = HV_SCONTROL;
            }
            return status;
        }
        if (request == KVM_SET_MSRS || request == KVM_GET_MSRS) {
            REAL(ioctl)(fd, request, argument);
            return ((struct kvm_msrs *)argument)->nmsrs;
        }
    }
    return REAL(ioctl)(fd, request, argument);
}

/* The other end of a vhost-user socket (docs/interop/vhost-user.rst): it agrees to everything. */

struct message {
    uint32_t request, flags, size;
    uint8_t payload[4096];
} __attribute__((packed));

enum { GET_FEATURES = 1, GET_VRING_BASE = 11, GET_PROTOCOL_FEATURES = 15, GET_QUEUE_NUM = 17, GET_CONFIG = 24,
       GET_MAX_MEM_SLOTS = 36 };
enum { VERSION = 1, IS_REPLY = 1 << 2, NEEDS_REPLY = 1 << 3 };

static void *serve(void *socket)
{
    int fd = (int)(intptr_t)socket;
    struct message message;
    while (recv(fd, &message, 12, MSG_WAITALL) == 12) {
        if (message.size && recv(fd, message.payload, message.size, MSG_WAITALL) <= 0)
            break;
        uint64_t answer = 0;
        int answers = 1;
        switch (message.request) {
        case GET_FEATURES:
            answer = FEATURES;
            break;
        case GET_PROTOCOL_FEATURES: /* MQ, LOG_SHMFD, REPLY_ACK, CONFIG, CONFIGURE_MEM_SLOTS */
            answer = 1 << 0 | 1 << 1 | 1 << 3 | 1 << 9 | 1 << 15;
            break;
        case GET_QUEUE_NUM:
            answer = 256;
            break;
        case GET_MAX_MEM_SLOTS:
            answer = strtoull(getenv("HOST_VHOST_MEMSLOTS"), NULL, 10);
            break;
        case GET_CONFIG:
            break;
        default:
            answers = message.flags & NEEDS_REPLY;
        }
        if (!answers)
            continue;
        message.flags = VERSION | IS_REPLY;
        if (message.request != GET_CONFIG) {
            message.size = sizeof answer;
            memcpy(message.payload, &answer, sizeof answer);
        }
        if (send(fd, &message, 12 + message.size, MSG_NOSIGNAL) < 0)
            break;
    }
    close(fd);
    return NULL;
}

int connect(int fd, const struct sockaddr *address, socklen_t length)
{
    const char *path = address->sa_family == AF_UNIX ? ((const struct sockaddr_un *)address)->sun_path : "";
    const char *name = strrchr(path, '/');
    if (!getenv("HOST_VHOST_MEMSLOTS") || !name || strcmp(name, "/vhost-user"))
        return REAL(connect)(fd, address, length);
    int ends[2];
    pthread_t thread;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || dup2(ends[0], fd) < 0)
        return -1;
    close(ends[0]);
    pthread_create(&thread, NULL, serve, (void *)(intptr_t)ends[1]);
    return 0;
}
