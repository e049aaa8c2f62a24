import BuildAPI
import Presentation

/// The pools that manifests can name, as they are at the moment.
struct ManifestPools {
    /// The images of one pool.
    struct Images {
        /// The image that a name means, for builders of that architecture or, without one, of any; nil: there is none.
        /// Called only with well-formed names.
        var resolve: (_ name: String, _ arch: Architecture?) -> String? = { name, _ in name }
        /// For the person who has named another one.
        var names: (_ arch: Architecture?) -> [String] = { _ in [] }

        /// What a person reads whose image is not there: `there is no image "debain"; there are: debian`
        func missing(_ name: String, for arch: Architecture?) -> String {
            let name = HostileText.printable(name, limit: 64)
            let wanted = arch.map { " for \($0)" } ?? ""
            return "there is no image \"\(name)\"\(wanted); \(all(for: arch))"
        }

        /// `there are: debian, debian-build`
        func all(for arch: Architecture?) -> String {
            let names = names(arch).joined(separator: ", ")
            return names.isEmpty ? "this service has none" : "there are: \(names)"
        }
    }

    struct Pool {
        var name: String
        /// What its builders can be; empty: nobody here knows.
        var architectures: [Architecture] = []
        /// Nil: they are unknown, and a manifest can name none or any.
        var images: Images?
        /// Whether it has a builder that nobody uses.
        var isFree = true
    }

    /// In the order in which people read them.
    var all: [Pool]
    /// The pool of manifests that ask for nothing; nil: they have to name one.
    var preferred: String?

    subscript(_ name: String) -> Pool? { all.first { $0.name == name } }

    /// This host's pool alone.
    static func local(_ images: Images = Images()) -> ManifestPools {
        ManifestPools(
            all: [Pool(name: "local", architectures: [.host], images: images)], preferred: "local")
    }
}
