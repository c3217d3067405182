#include <unistd.h>

/* Ends well only where it has become root; its file is root's and has the set-user-id bit. */
int main(void) { return geteuid() == 0 ? 0 : 1; }
