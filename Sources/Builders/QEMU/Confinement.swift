import SystemPackage

/// How QEMU is started, in the background: with limits, with nothing but what it needs, and as a user of its own if
/// there is a ``BuilderNamespace``.
///
/// QEMU then has mount, PID, IPC and network namespaces of its own; there is nothing in the last but a loopback. Its file system is the folder `root` of the machine, which has
/// nothing but /usr and the libraries, three or four devices, the files of its image, and /run, the machine's folder
/// `emulator`, the only place that it can write to, until it has started: then that folder is removed. It has no
/// capability, and is the first process of its PID namespace: it sees no other.
struct Confinement: Sendable {
    let folder: MachineFolder
    let namespace: BuilderNamespace?
    /// In bytes. QEMU continues when a file would become longer, because it ignores the signal for that.
    let longestFile: Int

    /// The descriptor of the socket on which its monitor listens (see ``InheritedSocket``).
    static let monitor = 3
    /// The descriptor of the pipe to the keeper of the ``ConsoleLog``.
    static let console = 7

    /// How far builders stand back behind the runner, with which they share a control group (nice(1)).
    static let niceness = 10
    /// How many threads all builders can have. A machine has at most about a hundred.
    static let mostThreads = 8192

    /// Files that QEMU reads, and where it finds them.
    var files: [(path: FilePath, place: String)] = []

    /// Where QEMU finds a file: in its own file system, or where it really is.
    func place(of path: FilePath) -> String {
        guard namespace != nil else { return path.string }
        return files.first { $0.path == path }?.place ?? path.string
    }

    /// The arguments of `sh` that run a program in the background; its standard input is the monitor's socket.
    ///
    /// - Parameter network: the one whose namespace the program is in; nil: it reaches nothing or, without namespaces, what the
    ///   host reaches.
    func arguments(running program: String, _ arguments: [String], network: OutboundNetwork?) -> [String] {
        let background = ["sh", "-c", "\"$@\" &", "sh"]
        let limits = [folder.path.string, String(longestFile / 512)]
        let command: [String]
        if let namespace {
            let empty = network == nil && namespace.networkObstacle == nil ? ["--net"] : []
            command =
                ["unshare", "--mount", "--pid", "--ipc"] + empty + background
                + ["sh", "-c", Self.confined, "sh"] + limits
                + files.map { "\($0.path)=\($0.place)" } + ["--", program] + arguments
        } else {
            command = background + ["sh", "-c", Self.limited, "sh"] + limits + [program] + arguments
        }
        let entering =
            network?.arguments(running: command, in: namespace)
            ?? (namespace.map { ["nsenter", "--user=\($0.path)", "--preserve-credentials", "--"] } ?? [])
            + command
        return ["-c", Self.prepared, "sh", folder.path.string, program, ConsoleLog.keeper] + entering
    }

    /// The arguments of `sh` that run a program in the foreground, without a namespace: it is killed when that sh ends.
    func foregroundArguments(running program: String, _ arguments: [String]) -> [String] {
        [
            "-c", Self.attached, "sh", folder.path.string, program, ConsoleLog.keeper, "sh", "-c",
            Self.inForeground, "sh", folder.path.string, String(longestFile / 512), program,
        ] + arguments
    }

    /// The beginning of both ways: $1 is the machine's folder, $2 the program that the others will run, $3 the keeper of
    /// the console's log.
    private static let preparation = """
        set -e
        folder=$1 root=$1/root
        command -v "$2" >/dev/null || exit 127
        keeper=$3
        shift 3
        rm -rf "$root" "$folder/emulator" "$folder/pidfile" "$folder/console.log"
        mkdir -m 0755 "$root" "$root/usr" "$root/dev" "$root/run" "$root/image" "$root/old"
        # umount(8) looks into /proc for what is mounted.
        ln -s old/proc "$root/proc"
        # Nobody else gets as far as this folder, which is within the machine's.
        mkdir "$folder/emulator"
        chmod 0777 "$folder/emulator"
        # Before anything runs in the background, so that who gives up knows the file (EmulatorProcess.abandon).
        exec 9>"$folder/pidfile"
        exec \(monitor)<&0 </dev/null 8>>"$folder/console.log"
        flock 8

        """

    /// Descriptor 5 is a pipe that nobody has open any more when QEMU's program is executed, or when nothing will be.
    private static let prepared =
        preparation + """
            {
                "$@" \(console)>&1 >&5 5>&- 8>&- |
                    setsid sh -c "$keeper" >/dev/null 2>&1 \(monitor)>&- 5>&- 9>&- &
            } 5>&1 | cat 9>&-
            """

    /// The program's parent is this shell (PR_SET_PDEATHSIG, prctl(2)), or there is no program.
    private static let attached =
        preparation + """
            exec 5>&1
            setpriv --pdeathsig KILL -- sh -c '[ "$PPID" = "$1" ] || exit 75; shift; exec "$@"' sh $$ "$@" \
                \(console)>&1 >&5 5>&- 8>&- |
                sh -c "$keeper" >/dev/null 2>&1 \(monitor)>&- 5>&- 9>&- &
            exec \(monitor)>&- 5>&- 8>&- 9>&-
            wait
            """

    /// The beginning of all three scripts: $1 is the machine's folder, $2 the longest file in blocks of 512 bytes.
    ///
    /// The process number and the time of the start are those of the QEMU that this becomes. They are written last.
    private static let beginning = """
        set -e
        folder=$1 longest=$2
        shift 2
        read -r self </proc/self/stat
        # If memory runs out, a builder ends, and not the runner.
        echo 500 >/proc/self/oom_score_adj
        trap '' XFSZ
        ulimit -c 0
        umask 077

        """

    private static let end = """
        program=$(command -v "$1") || exit 127
        shift
        start=$(echo "$self" | cut -d ' ' -f 22)
        printf '%s\\n' "${self%% *}" "$start" >&9
        # Whoever has removed the file before has given up this start; whoever removes it now ends this process.
        links=$(stat -c %h - <&9)
        [ "$links" = 1 ] || exit 1
        ulimit -f "$longest"
        # Threads of all builders, which are one user's: -p in dash, -u in bash. A limit that is lower already stays.
        for option in p u; do
            if (ulimit -$option \(mostThreads)) 2>/dev/null; then ulimit -$option \(mostThreads); fi
        done
        exec 9>&- </dev/null >&\(console) 2>&\(console)

        """

    private static let limited =
        beginning + """
            export TMPDIR="$folder/emulator"

            """ + end + """
            exec setsid nice -n \(niceness) setpriv --no-new-privs -- "$program" "$@"
            """

    private static let inForeground =
        beginning + """
            export TMPDIR="$folder/emulator"

            """ + end + """
            exec nice -n \(niceness) setpriv --no-new-privs -- "$program" "$@"
            """

    private static let confined =
        beginning + """
            root=$folder/root
            share() { mount --rbind "$1" "$root$2" && mount -o "remount,bind,nosuid,nodev,$3" "$root$2"; }
            mount --bind "$root" "$root"
            share /usr /usr ro
            for library in /bin /sbin /lib /lib32 /lib64 /libx32; do
                if [ -L "$library" ]; then
                    ln -s "$(readlink "$library")" "$root$library"
                elif [ -d "$library" ]; then
                    mkdir "$root$library"
                    share "$library" "$library" ro
                fi
            done
            for node in null zero urandom kvm; do
                [ -e "/dev/$node" ] || continue
                : >"$root/dev/$node"
                mount --bind "/dev/$node" "$root/dev/$node"
            done
            while [ "$1" != -- ]; do
                : >"$root${1##*=}"
                share "${1%=*}" "${1##*=}" noexec,ro
                shift
            done
            shift
            share "$folder/emulator" /run noexec
            mount -o remount,bind,nosuid,nodev,noexec,ro "$root"
            groups=--clear-groups
            if grep -q '^ *2 ' /proc/self/gid_map; then groups=--groups=2; fi
            cd "$root"
            pivot_root . old
            cd /
            umount -n -l /old
            export TMPDIR=/run

            """ + end + """
            exec setsid nice -n \(niceness) setpriv --reuid=1 --regid=1 "$groups" --bounding-set=-all --inh-caps=-all \\
                --no-new-privs -- "$program" "$@"
            """
}
