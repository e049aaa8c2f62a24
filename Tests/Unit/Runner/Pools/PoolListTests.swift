import BuildAPI
import ConfigurationFile
import Foundation
import NIOHTTP1
import Provider
import Testing

@testable import Runner

/// What people read about pools, and about jobs that wait for one.
@Suite("The list of pools")
struct PoolListTests {
    private let lab = FakeProvider()

    private func pool(
        _ architectures: [Architecture], named name: String = "lab", max: Int = 1,
        hostKey: Configuration.Runner.Pool.HostKeyRule = .given
    ) -> Pool {
        var configuration = Configuration.Runner.Pool()
        configuration.description = "the \(name)\u{1b}"
        configuration.architectures = architectures
        configuration.hostKey = hostKey
        return Pool(name, configuration, max: max, images: nil, provider: lab)
    }

    private static func pools(_ service: TestService) async throws -> [BuilderPool] {
        let answer = try await service.client.send(.GET, "/v1/pools")
        #expect(answer.status == 200)
        return try answer.decode(PoolList.self).pools
    }

    /// The same as soon as that is so.
    private static func pools(
        _ service: TestService, when condition: ([BuilderPool]) -> Bool
    ) async throws -> [BuilderPool] {
        while true {
            let pools = try await pools(service)
            if condition(pools) { return pools }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test("it says what each has, what is free and how many jobs wait")
    func list() async throws {
        let others = [pool([.arm64, .amd64], hostKey: .firstUse), pool([], named: "empty", max: 0)]
        try await TestService.run(slots: 1, others: others) { [lab] service in
            try await service.addAlice()
            #expect(
                try await Self.pools(service) == [
                    BuilderPool(
                        name: "local", arch: [Architecture.host.description], max: 1, free: 1, waiting: 0,
                        isDefault: true),
                    BuilderPool(
                        name: "empty", description: "the empty?", arch: [], max: 0, free: 0, waiting: 0),
                    BuilderPool(
                        name: "lab", description: "the lab?", arch: ["arm64", "x86_64"], max: 1, free: 1,
                        waiting: 0, firstUse: true),
                ])
            for _ in 1...3 { _ = try await service.submit("  - a: wait", more: "pool: lab") }
            let full = try await Self.pools(service) { $0[2].waiting == 2 }
            #expect(full[2].free == 0 && full[0].free == 1 && full[0].waiting == 0)
            await lab.machine(of: "1").finish("a", with: 0)
            _ = try await Self.pools(service) { $0[2].waiting == 1 && $0[2].free == 0 }
        }
    }

    @Test("it has an allocator's last words, and when it is asked again, until it has a machine")
    func refusal() async throws {
        lab.answers(.failure(AllocationFailure(.notNow, "Slurm:\u{1b} Priority", retryInterval: 40)))
        try await TestService.run(others: [pool([.arm64])]) { [lab] service in
            try await service.addAlice()
            let id = try await service.submit("  - a: wait", query: "owner=alice&pool=lab").id
            let waiting = try await Self.pools(service) { $0[1].refusal != nil }
            #expect(waiting[1].refusal?.detail == "Slurm:? Priority")
            let rest = waiting[1].refusal?.again?.timeIntervalSince(service.clock.now)
            #expect(rest.map { (39...41).contains($0) } == true, "\(rest as Any)")
            #expect(waiting[1].free == 1 && waiting[1].waiting == 1)
            let job = try await service.job("\(id)") { $0.waits != nil }
            #expect(job.waits == "Slurm:? Priority" && job.pool == "lab" && job.status == .queued)
            lab.answers(.machine)
            try await service.wait(step: 10) { try await service.job("\(id)").status == .running }
            let running = try await Self.pools(service)
            #expect(running[1].refusal == nil && running[1].waiting == 0)
            #expect(try await service.job("\(id)").waits == nil)
        }
    }

    @Test("an architecture goes to the default, then to where a builder is free, then to the first")
    func choice() async throws {
        let others = [pool([.arm64], named: "a"), pool([.arm64, .host], named: "b")]
        try await TestService.run(others: others) { service in
            try await service.addAlice()
            func submit(_ arch: String) async throws -> Job {
                try await service.submit("  - a: wait", query: "owner=alice&arch=\(arch)")
            }
            if Architecture.host != .arm64 {
                let first = try await submit("aarch64")
                #expect(first.pool == "a" && first.arch == "arm64")
                _ = try await service.job("\(first.id)") { $0.status == .running }
                let second = try await submit("arm64")
                #expect(second.pool == "b")
                _ = try await service.job("\(second.id)") { $0.status == .running }
                #expect(try await submit("arm64").pool == "a")
            }
            #expect(try await submit("\(Architecture.host)").pool == nil)
        }
        let asked = lab.requests.compactMap(\.arch)
        #expect(asked == [.arm64, .arm64])
    }

    @Test(
        "what no pool can fulfil is refused before the manifest is read",
        arguments: [
            ("pool=lba", "pool", #"there is no pool "lba"; there are: local ("#),
            ("arch=riscv64", "arch", "no pool has the architecture riscv64; there are: local ("),
            ("pool=lab&arch=riscv64", "arch", "the pool lab has no riscv64, only arm64; there are: local ("),
        ])
    func refused(query: String, key: String, sentence: String) async throws {
        try await TestService.run(others: [pool([.arm64])]) { service in
            try await service.addAlice()
            // What follows is no manifest.
            let answer = try await service.client.send(
                .POST, "/v1/jobs?owner=alice&\(query)", headers: ["Content-Type": "application/yaml"],
                body: "- [")
            let problem = try answer.decode(Problem.self)
            #expect(answer.status == 422 && problem.key == key)
            #expect(problem.detail?.hasPrefix("\(key): \(sentence)") == true, "\(answer.text)")
            let malformed = try await service.client.send(
                .POST, "/v1/jobs?owner=alice&arch=..", headers: ["Content-Type": "application/yaml"],
                body: "image: debian")
            #expect(malformed.status == 400)
        }
    }

    @Test("a job that waits for a builder says why, without naming other jobs")
    func waits() async throws {
        try await TestService.run(slots: 1) { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: wait")
            let next = try await service.submit("  - a: wait")
            let job = try await service.job("\(next.id)") { $0.waits != nil }
            #expect(job.waits == "all builders (1) are in use" && job.status == .queued)
            await service.supply.machine(of: "1").finish("a", with: 0)
            let running = try await service.job("\(next.id)") { $0.status == .running }
            #expect(running.waits == nil)
        }
    }

    @Test("whoever waits reads an allocator's last line, and a new one at most once a second")
    func lastLine() async throws {
        let runner = try await MemoryRunner()
        let speaks = Latch<Bool>()
        runner.provider.answers(.silence, saying: ["asking\u{7}", "Slurm: Resources", "Slurm: Priority"])
        runner.provider.onAllocate { _ in _ = try? await speaks.wait() }
        let directory = runner.directory(slots: 1)
        let id = try await runner.submit("exit 0", to: directory)
        let said = Latch<[String]>()
        let reading = Task {
            var lines: [String] = []
            for try await item in try await directory.changes(of: id, after: nil) {
                guard case .change(let change) = item, let line = change.job.waits else { continue }
                lines.append(line)
                if line == "Slurm: Priority" { return said.open(lines) }
            }
        }
        speaks.open(true)
        while said.value == nil {
            runner.clock.advance(by: 0.1)
            try await Task.sleep(for: .milliseconds(2))
        }
        try await reading.value
        let lines = try #require(said.value)
        #expect(
            lines.count <= 2
                && lines.allSatisfy { ["asking?", "Slurm: Resources", "Slurm: Priority"].contains($0) })
        await directory.stop(endsBuilders: false)
    }
}
