import BuildAPI
import Testing

@testable import Runner

@Suite("The manifest of a job that is run again")
struct ManifestRerunTests {
    /// This host with two images, one of them for two architectures; a laboratory whose images are its own business.
    private static var pools: ManifestPools {
        ManifestPools(
            all: [
                .init(
                    name: "local", architectures: [.amd64, .arm64],
                    images: .init(
                        resolve: { name, arch in
                            switch (name, arch) {
                            case ("debian", nil), ("debian", .amd64), ("small", nil), ("small", .amd64): name
                            case ("debian", .arm64), ("arm64/debian", nil), ("arm64/debian", .arm64):
                                "arm64/debian"
                            default: nil
                            }
                        }, names: { _ in ["debian", "small"] }), isFree: true),
                .init(name: "lab", architectures: [.amd64], images: nil, isFree: true),
            ], preferred: "local")
    }

    private static let manifest = Manifest(
        image: "debian", pool: "local", tasks: [.init(name: "a", script: "x")])

    private static func changed(_ change: (inout Manifest) -> Void) -> Manifest {
        var manifest = manifest
        change(&manifest)
        return manifest
    }

    @Test(
        "it is the same, but for what is wished",
        arguments: [
            (manifest, NewRerun(), manifest),
            (manifest, NewRerun(image: "small"), changed { $0.image = "small" }),
            (manifest, NewRerun(pool: "lab"), changed { $0.pool = "lab" }),
            (
                manifest, NewRerun(arch: "aarch64"),
                changed {
                    $0.arch = .arm64
                    $0.image = "arm64/debian"
                }
            ),
            (
                changed {
                    $0.arch = .arm64
                    $0.image = "arm64/debian"
                }, NewRerun(arch: "amd64"), changed { $0.arch = .amd64 }
            ),
            // Only this host has it.
            (
                changed { $0.pool = "lab" }, NewRerun(arch: "arm64"),
                changed {
                    $0.arch = .arm64
                    $0.image = "arm64/debian"
                }
            ),
            (manifest, NewRerun(fresh: true), manifest),
        ] as [(Manifest, NewRerun, Manifest)])
    func wishes(old: Manifest, wish: NewRerun, expected: Manifest) throws {
        #expect(try old.again(wish, among: Self.pools) == expected)
    }

    @Test(
        "what there is not, or no longer, is refused with what there is",
        arguments: [
            (manifest, NewRerun(pool: "moon"), "There is no pool \"moon\"; there are: local"),
            (changed { $0.pool = "moon" }, NewRerun(), "There is no pool \"moon\"; there are: local"),
            (
                changed { $0.image = "gone" }, NewRerun(),
                "There is no image \"gone\"; there are: debian, small."
            ),
            (
                manifest, NewRerun(arch: "arm64", image: "small"),
                "There is no image \"small\" for arm64; there are: debian, small."
            ),
            (
                changed { $0.arch = .arm64 }, NewRerun(pool: "lab"),
                "The pool lab has no arm64, only x86_64; there are:"
            ),
            (
                changed { ($0.pool, $0.image) = ("lab", "") }, NewRerun(pool: "local"),
                "The job names no image, and this pool needs one; there are: debian, small."
            ),
            (manifest, NewRerun(pool: "lab", image: "../x"), "This is no name of an image."),
        ] as [(Manifest, NewRerun, String)])
    func refusals(old: Manifest, wish: NewRerun, sentence: String) throws {
        let error = #expect(throws: RunnerError.self) { try old.again(wish, among: Self.pools) }
        #expect(error?.description.hasPrefix(sentence) == true, "\(String(describing: error))")
    }
}
