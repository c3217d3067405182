/*
 * What a hostile or clumsy container does, one deed for each first argument. It tells what came of it in /out/report,
 * a line for each attempt: a name, a blank, and 0 or the number of the error.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/un.h>
#include <unistd.h>

static FILE *report;

static void tell(const char *what, int ok) { fprintf(report, "%s %d\n", what, ok ? 0 : errno); }

static int create(const char *path) {
  int file = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);
  if (file >= 0) close(file);
  return file >= 0;
}

static int reach(int family, int type, const char *address, int port) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, address, &to.sin_addr);
  int s = socket(family, type, 0);
  if (s < 0) return 0;
  int ok = connect(s, (struct sockaddr *)&to, sizeof to) == 0 && send(s, "x", 1, MSG_NOSIGNAL) == 1;
  close(s);
  return ok;
}

static void network(void) {
  tell("internet", reach(AF_INET, SOCK_STREAM, "1.1.1.1", 443));
  tell("dns", reach(AF_INET, SOCK_DGRAM, "8.8.8.8", 53));
  tell("metadata", reach(AF_INET, SOCK_STREAM, "169.254.169.254", 80));
  tell("host", reach(AF_INET, SOCK_STREAM, "172.17.0.1", 22));
  tell("raw", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0);
  tell("packet", socket(AF_PACKET, SOCK_RAW, 0) >= 0);
  struct if_nameindex *all = if_nameindex();
  for (struct if_nameindex *one = all; one && one->if_index; one++) fprintf(report, "interface-%s 0\n", one->if_name);
}

static void files(void) {
  tell("declared", open("/declared/file", O_RDONLY) >= 0);
  const char *places[] = {"/x", "/etc/x", "/bin/x", "/proc/sys/kernel/core_pattern", "/sys/x", "/dev/x", "/data/x",
                          "/data/one", "/declared/x", "/declared/file", "/result.yaml", NULL};
  for (const char **place = places; *place; place++) tell(*place, create(*place));
  tell("/tmp/x", create("/tmp/x"));
  tell("/dev/shm/x", create("/dev/shm/x"));
  tell("remove", unlink("/data/one") == 0);
  tell("rename", rename("/data/one", "/data/two") == 0);
  tell("chmod", chmod("/data/one", 0777) == 0);
  tell("docker-socket", access("/var/run/docker.sock", F_OK) == 0);
  tell("shadow", open("/etc/shadow", O_RDONLY) >= 0);
  tell("read-data", open("/data/one", O_RDONLY) >= 0);
}

static void privileges(void) {
  fprintf(report, "uid %d\ngid %d\n", geteuid(), getegid());
  FILE *status = fopen("/proc/self/status", "r");
  char line[256];
  while (fgets(line, sizeof line, status))
    if (!strncmp(line, "Cap", 3) || !strncmp(line, "NoNewPrivs", 10) || !strncmp(line, "Seccomp:", 8) ||
        !strncmp(line, "Groups", 6))
      fprintf(report, "%s", line);
  tell("setuid", setuid(0) == 0);
  tell("mount", mount("none", "/tmp", "tmpfs", 0, NULL) == 0);
  tell("chroot", chroot("/tmp") == 0);
  pid_t child = fork();
  if (child == 0) {
    execl("/suid", "/suid", NULL);
    _exit(2);
  }
  int ended = 0;
  waitpid(child, &ended, 0);
  errno = WEXITSTATUS(ended);
  tell("set-user-id-root", errno == 0);
  struct rlimit limit;
  getrlimit(RLIMIT_CORE, &limit);
  fprintf(report, "core %ld\n", (long)limit.rlim_max);
  fprintf(report, "pid %d\nhome %s\nhost %s\n", getpid(), getenv("HOME"), getenv("GREETING") ? getenv("GREETING") : "-");
}

static void forks(void) {
  int count = 0;
  while (count < 10000) {
    pid_t child = fork();
    if (child < 0) break;
    if (child == 0) {
      pause();
      _exit(0);
    }
    count++;
  }
  fprintf(report, "forks %d\n", count);
  fflush(report);
}

static void fill(const char *path, long bytes) {
  static char block[65536];
  memset(block, 'x', sizeof block);
  int file = open(path, O_CREAT | O_WRONLY, 0644);
  for (long left = bytes; left > 0; left -= sizeof block)
    if (write(file, block, sizeof block) < 0) break;
  close(file);
}

int main(int count, char **words) {
  const char *deed = count > 1 ? words[1] : "";
  if (!strcmp(deed, "nothing")) return 0;
  if (!strcmp(deed, "fail")) {
    puts("a secret that was printed");
    fputs("another one\n", stderr);
    return 3;
  }
  if (!strcmp(deed, "loop")) for (;;) {}
  if (!strcmp(deed, "chatty")) for (;;) { puts("still busy, please wait"); fflush(stdout); }
  if (!strcmp(deed, "print")) {
    puts("first line");
    for (int at = 0; at < 200000; at++) puts("a line that is one of very many lines like it");
    puts("last line");
  }
  if (!strcmp(deed, "memory")) for (;;) memset(malloc(1 << 20), 1, 1 << 20);
  if (!strcmp(deed, "huge-file")) {
    fill("/out/huge", 1L << 40);
    return 0;
  }
  if (!strcmp(deed, "many-files"))
    for (int at = 0;; at++) {
      char path[64];
      snprintf(path, sizeof path, "/out/%d", at);
      fill(path, 65536);
      usleep(1000);
    }
  if (!strcmp(deed, "link")) {
    symlink("/etc/shadow", "/out/predictions.json");
    return 0;
  }
  if (!strcmp(deed, "fifo")) {
    mkfifo("/out/predictions.json", 0644);
    return 0;
  }
  if (!strcmp(deed, "empty")) {
    create("/out/report");
    return 0;
  }
  if (!strcmp(deed, "single")) {
    fill("/result.yaml", 65536);
    return 0;
  }
  if (!strcmp(deed, "mark")) return !create("/out/mark");
  if (!strcmp(deed, "linger")) usleep(400000);
  report = fopen("/out/report", "w");
  if (!report) {
    perror("/out/report");
    return 4;
  }
  if (!strcmp(deed, "network")) network();
  if (!strcmp(deed, "files")) files();
  if (!strcmp(deed, "privileges")) privileges();
  if (!strcmp(deed, "forks")) forks();
  fprintf(report, "done 0\n");
  fclose(report);
  return 0;
}
