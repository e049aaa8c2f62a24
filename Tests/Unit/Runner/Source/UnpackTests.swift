import Foundation
import TestSupport
import Testing

/// The script that unpacks a source in a builder, tried with a home and a state folder of its own.
@Suite final class UnpackTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "unpack-\(UUID())").path

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Project.text(of: "Sources/Image/guest/usr/lib/sallyport/unpack")
            .replacing("${0%/*}", with: folder)
            .write(toFile: "\(folder)/unpack", atomically: false, encoding: .utf8)
        // As in our images.
        try "ours=yes state=\(folder)/state run=\(folder)/state\n"
            .write(toFile: "\(folder)/places", atomically: false, encoding: .utf8)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Two archives, and `wait_for`, which tries something until it succeeds.
    private static let preparations = """
        set -e
        export HOME=$PWD/home
        mkdir home state one two
        for name in one two; do
            echo $name >$name/file
            tar cz -f $name.tar.gz -C $name .
        done
        unpack() { sh ./unpack gzip; }
        wait_for() { until "$@" 2>/dev/null; do sleep 0.01; done; }
        mkfifo pipe

        """

    /// What a shell prints that runs these commands after the preparations; it has 20 seconds.
    private func output(of commands: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/timeout")
        process.arguments = ["20", "sh", "-c", "{ \(Self.preparations)\(commands)\n} >output 2>&1"]
        process.currentDirectoryURL = URL(filePath: folder)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let output = try String(contentsOfFile: "\(folder)/output", encoding: .utf8)
        #expect(process.terminationStatus == 0, "\(output)")
        return output
    }

    /// The runner repeats a call whose connection is lost, and then starts the first task.
    @Test func aCallThatIsLateLeavesTheSourceAlone() throws {
        let output = try output(
            of: """
                mkdir -p home/src/old
                unpack <pipe & late=$!
                exec 3>pipe
                head -c 10 one.tar.gz >&3
                has_begun() { ls -d home/.src.* >/dev/null; }
                wait_for has_begun
                unpack <two.tar.gz
                cat home/src/*
                echo made by a task >home/src/result
                tail -c +11 one.tar.gz >&3
                exec 3>&-
                wait $late
                cat home/src/*
                unpack <one.tar.gz
                cat home/src/*
                ls -A home
                """)
        #expect(output == "two\ntwo\nmade by a task\ntwo\nmade by a task\nsrc\n")
    }

    @Test func ofCallsThatMeetOneWinsAndBothSucceed() throws {
        let output = try output(
            of: """
                exec 9<state
                flock 9
                (exec 9<&-; unpack) <one.tar.gz & one=$!
                (exec 9<&-; unpack) <two.tar.gz & two=$!
                both_are_there() { [ $(ls -d home/.src.*/file | wc -l) = 2 ]; }
                wait_for both_are_there
                ls home
                exec 9<&-
                wait $one
                wait $two
                cmp home/src/file one/file >/dev/null || cmp home/src/file two/file
                ls -A home
                """)
        #expect(output == "src\n")
    }

    @Test func whatIsCutOffLeavesNothing() throws {
        let output = try output(
            of: """
                size=$(wc -c <one.tar.gz)
                head -c $((size - 9)) one.tar.gz >cut
                ! unpack <cut 2>/dev/null
                ls -A home state
                unpack <one.tar.gz
                cat home/src/file
                """)
        #expect(output == "home:\n\nstate:\none\n")
    }
}
