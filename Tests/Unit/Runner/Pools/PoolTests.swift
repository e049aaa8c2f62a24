import BuildAPI
import ConfigurationFile
import Foundation
import Provider
import Testing

@testable import Runner

@Suite("Pools")
struct PoolTests {
    private let lab = FakeProvider()

    private func pool(_ name: String = "lab", max: Int = 1) -> Pool {
        Pool(name, .init(), max: max, images: nil, provider: lab)
    }

    @Test("a manifest chooses, and a full pool keeps no job of another one from starting")
    func queues() async throws {
        try await TestService.run(slots: 1, others: [pool()]) { [lab] service in
            try await service.addAlice()
            func submit(_ more: String = "") async throws -> Job {
                try await service.submit("  - a: wait", more: more)
            }
            let here = try await submit()
            let waits = try await submit()
            let there = try await submit("pool: lab")
            let last = try await submit("pool: lab")
            for job in [here, there] { _ = try await service.job("\(job.id)") { $0.builder != nil } }
            #expect(here.pool == nil && there.pool == "lab")
            #expect(lab.requests.map(\.job) == [there.id] && lab.requests[0].pool == "lab")
            _ = try await service.log(
                "\(waits.id)", "setup", when: "waits: all builders of the pool local (1) are in use\n")
            _ = try await service.log(
                "\(last.id)", "setup", when: "waits: all builders of the pool lab (1) are in use\n")
            await lab.machine(of: "\(there.id)").finish("a", with: 0)
            _ = try await service.job("\(last.id)") { $0.status == .running }
            #expect(try await service.job("\(waits.id)").status == .queued)
            #expect(try await service.job("\(last.id)").pool == "lab")
        }
    }

    @Test("the limit of running jobs counts in each pool, and is half of it")
    func limits() async throws {
        try await TestService.run(slots: 4, others: [pool(max: 2)]) { service in
            try await service.addAlice()
            for _ in 1...3 { _ = try await service.submit("  - a: wait") }
            for _ in 1...2 { _ = try await service.submit("  - a: wait", more: "pool: lab") }
            for job in ["1", "2", "4"] { _ = try await service.job(job) { $0.builder?.state == .ready } }
            _ = try await service.log(
                "3", "setup", when: "waits until 2 or 1 has ended: you have 2 running jobs")
            _ = try await service.log("5", "setup", when: "waits until 4 has ended: you have 1 running job,")
        }
        let limits = [(0, 1), (1, 1), (2, 1), (3, 2), (8, 4)].map { max, _ in pool(max: max).runningLimit(nil)
        }
        #expect(limits == [nil, nil, 1, 2, 4])
        #expect(pool(max: 8).runningLimit(9) == nil && pool(max: 8).runningLimit(3) == 3)
    }

    @Test("a pool of that name must exist")
    func unknown() async throws {
        try await TestService.run(others: [pool()]) { service in
            try await service.addAlice()
            let answer = try await service.submission("  - a: exit 0", more: "pool: lba")
            #expect(answer.status == 422)
            #expect(
                answer.text.contains(
                    #"there is no pool \"lba\"; there are: local (\#(Architecture.host)), lab"#),
                "\(answer.text)")
        }
    }

    @Test("jobs that wait for a pool that is removed fail, and say so")
    func removed() async throws {
        let folder = TestService.makeFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await TestService.run(folder: folder, others: [pool(max: 0)]) { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: exit 0", more: "pool: lab")
            _ = try await service.log("1", "setup", when: "waits: the pool lab has no builders at the moment")
        }
        try await TestService.run(folder: folder) { service in
            #expect(try await service.job("1").status == .failed)
            _ = try await service.log(
                "1", "setup", when: "the pool lab, which the builder should come from, no longer exists")
        }
    }

    @Test("manifests that name no pool mean this host's, or the only one that has builders")
    func preferred() {
        func preferred(_ pools: [(String, Int)]) -> String? {
            Pools(pools.map { pool($0.0, max: $0.1) }).preferred?.name
        }
        #expect(preferred([("local", 2), ("a", 1)]) == "local")
        #expect(preferred([("local", 0)]) == "local")
        #expect(preferred([("local", 0), ("lab", 1)]) == "lab")
        #expect(preferred([("local", 0), ("lab", 0)]) == "local")
        #expect(preferred([("local", 0), ("lab", 1), ("ward", 1)]) == nil)
        #expect(Pools([pool("b"), pool("local"), pool("a")]).all.map(\.name) == ["local", "a", "b"])
    }

    @Test(
        "which images there are depends on the pool, wherever in the manifest it is named",
        arguments: [
            ("image: debian", "local", "debian"), ("pool: lab", "lab", ""),
            ("image: any/thing\npool: lab", "lab", "any/thing"),
            ("pool: local\nimage: debian", "local", "debian"),
        ])
    func images(text: String, pool: String, image: String) throws {
        let pools = ManifestPools(
            all: [
                .init(name: "local", images: .init(resolve: { name, _ in name == "debian" ? name : nil })),
                .init(name: "lab"),
            ], preferred: "local")
        let manifest = try ManifestReader.read(text.utf8, pools: pools)
        #expect(manifest.pool == pool && manifest.image == image)
        for wrong in [
            "image: any/thing", "pool: local", "pool: [lab]", "pool: lab\npool: lab",
            "pool: lab\nimage: ../x",
        ] {
            #expect(throws: RunnerError.self) { try ManifestReader.read(wrong.utf8, pools: pools) }
        }
        let several = ManifestPools(all: [.init(name: "a"), .init(name: "b")], preferred: nil)
        let error = #expect(throws: RunnerError.self) {
            try ManifestReader.read("tasks: []".utf8, pools: several)
        }
        #expect(error?.description.contains("must name a pool (there are: a, b)") == true)
    }
}
