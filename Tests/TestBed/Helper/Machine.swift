/// The private file systems that make one machine look like two: one where Sallyport is installed, and the real one.
///
/// The helper lives in its own mount and PID namespaces. There /etc is a private copy, which has the
/// accounts. Each sshd lives in another mount namespace, where /usr/local has the programs, /run is empty, /tmp
/// is writable for everyone, and /dev has a `log`.
enum Machine {
    /// Makes the file systems in the folder `$1`, and /etc with them: without what belongs to a Sallyport that is
    /// installed on this machine. Runs once, in the helper's namespace.
    static let prepare = """
        set -eu
        machine=$1
        mkdir "$machine"
        mount -t tmpfs -o mode=0755 sallyport "$machine"
        cd "$machine"
        mkdir etc run run/sshd local dev dev/pts dev/shm state home
        mkdir -m 1777 tmp
        cp -a /etc/. etc/
        rm -rf etc/sallyport etc/ssh/sshd_config.d/50-sallyport.conf
        for file in passwd group shadow gshadow; do
            [ ! -e "etc/$file" ] || sed -i -E '/^(builds|sallyport|sallyport-keys|sallyport-builder):/d' "etc/$file"
        done
        mkdir -p etc/sallyport etc/ssh/sshd_config.d
        for node in null zero full random urandom tty; do
            : > "dev/$node"
            mount --bind "/dev/$node" "dev/$node"
        done
        mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts dev/pts
        mount -t tmpfs -o mode=1777 sallyport-shm dev/shm
        ln -s pts/ptmx dev/ptmx
        ln -s /proc/self/fd dev/fd
        mount --bind etc /etc
        """

    /// Executes the command `$3…` on the machine where Sallyport is installed, in a new mount namespace.
    ///
    /// The folder `$2` has files that replace others there: `passwd` and `sallyport.toml`.
    static let enter = """
        set -eu
        machine=$1
        own=$2
        shift 2
        [ ! -e "$own/passwd" ] || mount --bind "$own/passwd" /etc/passwd
        [ ! -e "$own/sallyport.toml" ] || mount --bind "$own/sallyport.toml" /etc/sallyport/sallyport.toml
        mount --bind "$machine/run" /run
        mount --bind "$machine/local" /usr/local
        mount --rbind "$machine/dev" /dev
        mount --bind "$machine/tmp" /tmp
        cd /
        exec "$@"
        """

    /// Runs the command `$@` in the two namespaces, with the id of the process that made them as the last argument.
    static let apart = """
        exec unshare --mount --pid --fork --kill-child --mount-proc "$@" $$
        """

    /// Executes the command `$@` in a new network namespace, where there is nothing but loopback.
    static let alone = ["unshare", "--net", "sh", "-c", #"ip link set lo up && exec "$@""#, "sh"]

    /// The first process of the PID namespace: starts the helper, reaps orphans, and ends with the helper.
    ///
    /// The kernel then kills every remaining process in the namespace.
    static let firstProcess = """
        exec 3<&0 </dev/null
        "$@" <&3 3<&- &
        exec 3<&-
        trap '' HUP INT TERM
        wait $!
        """
}
