/* The smallest AuthorizedKeysCommand: it prints a line. */
#include <unistd.h>

int main(void)
{
    static const char line[] = "restrict,pty,command=\"/usr/local/libexec/sallyport/sallyport-shell\" ssh-ed25519 AAAA\n";
    return write(STDOUT_FILENO, line, sizeof line - 1) == sizeof line - 1 ? 0 : 1;
}
