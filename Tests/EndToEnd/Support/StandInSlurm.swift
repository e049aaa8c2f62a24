import TestBed

/// What a Slurm does for the allocator of docs/examples/slurm-attach, on this machine: it runs batch scripts, each in a PID
/// namespace of its own, as a user of the cluster.
struct StandInSlurm: Sendable {
    let testBed: TestBed
    let folder: String

    /// The words of the allocator.
    var command: String { "\(folder)/allocator" }

    static func start(in testBed: TestBed) async throws -> StandInSlurm {
        let folder = "\(testBed.folder)/slurm-\(UInt32.random(in: 0 ... .max))"
        try await testBed.succeed([
            "sh", "-ec",
            """
            mkdir "$1" "$1/bin" "$1/jobs"
            cp -r "$2" "$1/slurm-attach"
            printf '%s\n' "$3" >"$1/bin/sbatch"
            chmod 755 "$1/bin/sbatch"
            for name in squeue scancel; do ln -s sbatch "$1/bin/$name"; done
            printf '%s\n' '#!/bin/sh' "PATH=$1/bin:\\$PATH" 'export PATH' \
                "exec $1/slurm-attach/allocator --partition=builds \\"\\$@\\"" >"$1/allocator"
            chmod 755 "$1/allocator"
            """, "sh", folder, "\(Repository.root)/docs/examples/slurm-attach", Self.script(folder),
        ])
        return StandInSlurm(testBed: testBed, folder: folder)
    }

    /// From now on batch jobs are pending, or start at once.
    func hold(_ holds: Bool) async throws {
        try await testBed.succeed(["sh", "-c", holds ? "touch \(folder)/hold" : "rm \(folder)/hold"])
    }

    /// What squeue says of all jobs, also of those that are over.
    func queue() async throws -> String {
        try await testBed.succeed(["\(folder)/bin/squeue", "--noheader", "--states=all", "--format=%T %j"])
            .text
    }

    /// Waits until squeue says that, as grep(1) reads it, or no longer says it.
    func wait(for pattern: String, isThere: Bool = true) async throws {
        try await testBed.succeed(
            [
                "sh", "-c",
                "\(isThere ? "until" : "while") \(folder)/bin/squeue --states=all '--format=%T %j' | grep -q '\(pattern)'; do sleep 0.05; done",
            ], deadline: 60)
    }

    private static func script(_ folder: String) -> String {
        """
        #!/bin/sh
        # sbatch, squeue and scancel, as far as an allocator needs them. A job is a folder.
        set -e
        place=\(folder)/jobs name= comment= names= script= format= all=
        for word; do
            case $word in
            --job-name=* | --name=*) name=${word#*=} ;;
            --comment=*) comment=${word#*=} ;;
            --export=*) names=$(echo "${word#*=}" | tr , ' ') ;;
            --format=*) format=${word#*=} ;;
            --states=all) all=1 ;;
            -*) ;;
            *) script=$word ;;
            esac
        done
        state() {
            if [ -e "$1/cancelled" ]; then echo CANCELLED
            elif [ ! -e "$1/pid" ]; then echo PENDING
            elif kill -0 "$(cat "$1/pid")" 2>/dev/null; then echo RUNNING
            else echo COMPLETED; fi
        }
        case ${0##*/} in
        sbatch)
            number=$(($(ls "$place" | wc -l) + 1))
            job=$place/$number
            mkdir "$job"
            echo "$comment" >"$job/comment"
            echo "$name" >"$job/name"
            set --
            for variable in $names; do
                eval "value=\\$$variable"
                set -- "$@" "$variable=$value"
            done
            [ -e \(folder)/hold ] ||
                env -u SALLYPORT_ALLOCATION setsid sh -c 'echo $$ >"$0/pid"; exec "$@"' "$job" \
                    unshare --mount --pid --fork --kill-child --mount-proc \
                    setpriv --reuid=alice --regid=alice --init-groups \
                    env -i "$@" sh "$script" </dev/null >"$job/log" 2>&1 &
            [ -e \(folder)/hold ] || until [ -s "$job/pid" ]; do sleep 0.02; done
            echo "$number"
            ;;
        squeue)
            for job in "$place"/*; do
                [ -e "$job/name" ] || continue
                state=$(state "$job")
                case $all:$state in 1:* | :PENDING | :RUNNING) ;; *) continue ;; esac
                [ -z "$name" ] || [ "$(cat "$job/name")" = "$name" ] || continue
                echo "$format" | sed -e "s,%i,${job##*/}," -e "s,%k,$(cat "$job/comment")," -e "s,%T,$state," \
                    -e "s,%j,$(cat "$job/name"),"
            done
            ;;
        scancel)
            for job in "$place"/*; do
                [ "$(cat "$job/name")" = "$name" ] || continue
                case $(state "$job") in
                PENDING) touch "$job/cancelled" ;;
                RUNNING)
                    # Every process of the job gets it.
                    pid=$(cat "$job/pid")
                    space=$(readlink "/proc/$pid/ns/pid_for_children")
                    for process in /proc/[0-9]*; do
                        [ "$(readlink "$process/ns/pid")" != "$space" ] || kill -TERM "${process##*/}" 2>/dev/null || :
                    done
                    ;;
                esac
            done
            ;;
        esac
        """
    }
}
