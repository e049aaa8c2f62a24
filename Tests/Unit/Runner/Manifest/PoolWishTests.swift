import BuildAPI
import Testing

@testable import Runner

@Suite("Which pool a job goes to")
struct PoolWishTests {
    private static let riscv = Architecture("riscv64")!

    /// `local` is the default; `lab` does not say what it has.
    private static func pools(full: Set<String> = [], preferred: String? = "local") -> ManifestPools {
        let architectures: KeyValuePairs<String, [Architecture]> = [
            "local": [.amd64], "boards": [.arm64], "cluster": [.amd64, .arm64], "lab": [],
        ]
        return ManifestPools(
            all: architectures.map { name, architectures in
                .init(
                    name: name, architectures: architectures,
                    images: name == "local"
                        ? .init(
                            resolve: { $1 == .arm64 || $0 != "debian" ? nil : $0 },
                            names: { $0 == .arm64 ? [] : ["debian"] })
                        : nil, isFree: !full.contains(name))
            }, preferred: preferred)
    }

    @Test(
        "the one that is named, or the default, or the first that is free, or the first",
        arguments: [
            (nil, nil, [], "local"), (nil, nil, ["local"], "local"), ("lab", nil, ["lab"], "lab"),
            (nil, .amd64, [], "local"), (nil, .amd64, ["local"], "local"), (nil, .arm64, [], "boards"),
            (nil, .arm64, ["boards"], "cluster"), (nil, .arm64, ["boards", "cluster"], "boards"),
            ("cluster", .arm64, [], "cluster"), ("boards", .arm64, ["boards"], "boards"),
            ("lab", .arm64, [], "lab"), ("lab", riscv, [], "lab"),
        ] as [(String?, Architecture?, Set<String>, String)])
    func choice(pool: String?, arch: Architecture?, full: Set<String>, chosen: String) throws {
        let wish = PoolWish(pool: pool, arch: arch)
        #expect(try Self.pools(full: full).choose(wish).name == chosen)
    }

    @Test("without a default, only an architecture can choose")
    func noDefault() throws {
        let pools = Self.pools(preferred: nil)
        #expect(try pools.choose(PoolWish(arch: .amd64)).name == "local")
        let refusal = #expect(throws: PoolWish.Refusal.self) { try pools.choose(PoolWish()) }
        #expect(refusal?.part == .pool && refusal?.sentence.hasPrefix("missing; a manifest must") == true)
    }

    private static let known = "there are: local (x86_64), boards (arm64), cluster (x86_64, arm64), lab"

    @Test(
        "what no pool can fulfil is refused with what there is",
        arguments: [
            ("bords", nil, "there is no pool \"bords\"; \(known)"),
            ("\u{1b}[2J", nil, "there is no pool \"?[2J\"; \(known)"),
            (nil, riscv, "no pool has the architecture riscv64; \(known)"),
            ("boards", .amd64, "the pool boards has no x86_64, only arm64; \(known)"),
        ] as [(String?, Architecture?, String)])
    func refusal(pool: String?, arch: Architecture?, sentence: String) {
        let wish = PoolWish(pool: pool, arch: arch)
        #expect(throws: PoolWish.Refusal(part: arch == nil ? .pool : .arch, sentence: sentence)) {
            try Self.pools().choose(wish)
        }
        // As a parameter of the submission. With an architecture alone, the manifest can name a pool that does not say what it has.
        var pools = Self.pools()
        if pool == nil { pools.all.removeAll(where: \.architectures.isEmpty) }
        let sentence = pool == nil ? sentence.replacing(", lab", with: "") : sentence
        let error = #expect(throws: RunnerError.self) { try pools.check(wish) }
        let key = arch == nil ? "pool" : "arch"
        #expect(error?.code == .unprocessable(line: nil, key: key))
        #expect(error?.description == "\(key): \(sentence).")
    }

    @Test(
        "an architecture that no pool says it has is no fault before the manifest is read, if a pool does not say what it has"
    )
    func early() throws {
        try Self.pools().check(PoolWish(arch: Self.riscv))
        let manifest = try ManifestReader.read(
            "pool: lab".utf8, pools: Self.pools(), wish: PoolWish(arch: Self.riscv))
        #expect(manifest.pool == "lab" && manifest.arch == Self.riscv)
    }

    @Test(
        "what is asked for at the submission counts instead of the manifest's words, each for itself",
        arguments: [
            ("arch: aarch64", PoolWish(), "boards", .arm64), ("pool: lab", PoolWish(), "lab", nil),
            ("pool: cluster\narch: amd64", PoolWish(), "cluster", .amd64),
            ("pool: lab", PoolWish(pool: "boards"), "boards", nil),
            ("pool: gone", PoolWish(pool: "boards"), "boards", nil),
            ("arch: riscv64", PoolWish(arch: .arm64), "boards", .arm64),
            ("arch: x!", PoolWish(arch: .arm64), "boards", .arm64),
            ("pool: cluster", PoolWish(arch: .arm64), "cluster", .arm64),
            ("arch: arm64", PoolWish(pool: "cluster"), "cluster", .arm64),
            ("pool: [a]\narch: [b]", PoolWish(pool: "cluster", arch: .amd64), "cluster", .amd64),
        ] as [(String, PoolWish, String, Architecture?)])
    func options(text: String, wish: PoolWish, pool: String, arch: Architecture?) throws {
        let manifest = try ManifestReader.read(text.utf8, pools: Self.pools(), wish: wish)
        #expect(manifest.pool == pool && manifest.arch == arch)
        #expect(manifest.build.pool == pool && manifest.build.arch == arch)
    }

    @Test(
        "a contradiction is refused where the manifest has its part in it",
        arguments: [
            (
                "tasks: []\narch: riscv64", PoolWish(),
                "line 2, arch: no pool has the architecture riscv64; \(known)."
            ),
            (
                "pool: boards\narch: x86_64", PoolWish(),
                "line 2, arch: the pool boards has no x86_64, only arm64; \(known)."
            ),
            (
                "tasks: []\narch: x86_64", PoolWish(pool: "boards"),
                "line 2, arch: the pool boards has no x86_64, only arm64; \(known)."
            ),
            (
                "tasks: []\npool: boards", PoolWish(arch: .amd64),
                "line 2, pool: the pool boards has no x86_64, only arm64; \(known)."
            ),
            ("pool: [lab]", PoolWish(), "line 1, pool: expected the name of a pool."),
            (
                "pool: lab\narch: 64 bits", PoolWish(),
                "line 2, arch: expected a processor architecture, such as x86_64 or arm64."
            ),
            (
                "pool: lab\narch: [arm64]", PoolWish(),
                "line 2, arch: expected a processor architecture, such as x86_64 or arm64."
            ),
            (
                "image: debian\npool: local", PoolWish(arch: .arm64),
                "line 2, pool: the pool local has no arm64, only x86_64; \(known)."
            ),
        ])
    func contradictions(text: String, wish: PoolWish, sentence: String) {
        let error = #expect(throws: RunnerError.self) {
            try ManifestReader.read(text.utf8, pools: Self.pools(), wish: wish)
        }
        #expect(error?.description == sentence)
    }

    @Test("images for another architecture are as good as none")
    func images() throws {
        var pools = Self.pools()
        pools.all[0].architectures = [.amd64, .arm64]
        func read(_ text: String) throws(RunnerError) -> Manifest {
            try ManifestReader.read(text.utf8, pools: pools)
        }
        #expect(try read("image: debian\narch: x86_64").image == "debian")
        let error = #expect(throws: RunnerError.self) { try read("image: debian\narch: arm64") }
        #expect(
            error?.description
                == "line 1, image: there is no image \"debian\" for arm64; this service has none.")
    }
}
