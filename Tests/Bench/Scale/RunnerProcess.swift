import CLinux
import Foundation
import Glibc
import SystemPackage
import TestBed

/// The runner, seen from outside: what it needs of the machine.
struct RunnerProcess: Sendable {
    private let process: pid_t

    /// The process among those of the test bed that was started with `serve`.
    static func find() throws -> RunnerProcess {
        let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { pid_t($0) }
        for process in processes {
            let line = (try? String(contentsOfFile: "/proc/\(process)/cmdline", encoding: .utf8)) ?? ""
            if line.split(separator: "\0").dropFirst().first == "serve" {
                return RunnerProcess(process: process)
            }
        }
        throw TestBedError("the runner is not among the processes of the test bed")
    }

    /// The processor time of all its threads so far, in seconds: clock_getcpuclockid(3).
    func processorTime() throws -> Double {
        var clock = clockid_t()
        let failure = clock_getcpuclockid(process, &clock)
        guard failure == 0 else { throw Errno(rawValue: failure) }
        var time = timespec()
        guard clock_gettime(clock, &time) == 0 else { throw Errno(rawValue: errno) }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Its memory in megabytes: PSS, proc(5), `smaps_rollup`.
    func memory() throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(process)/smaps_rollup", encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix("Pss:") }
        guard let kibibytes = line?.split(separator: " ").dropFirst().first.flatMap({ Double($0) }) else {
            throw TestBedError("the runner's smaps_rollup has no Pss")
        }
        return kibibytes * 1024 / 1e6
    }
}
