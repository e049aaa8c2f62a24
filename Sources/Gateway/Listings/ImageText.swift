import BuildAPI
import Presentation

/// Images for people: a line about each one's builders, and one about what it contains.
struct ImageText {
    private let images: [Image]

    init(_ images: [Image]) {
        self.images = images
    }

    var text: String {
        let names = images.map { HostileText.printable($0.name, limit: 64) }
        let width = names.map(\.count).max() ?? 0
        return zip(images, names).map { image, name in
            let builders = [memory(image), processors(image), network(image), disk(image)]
            let head = name.padded(to: width) + "  " + builders.compactMap(\.self).joined(separator: ", ")
            let content = image.description.map { "    \(HostileText.printable($0, limit: 400))\n" } ?? ""
            return String(head.reversed().drop { $0 == " " }.reversed()) + "\n" + content
        }.joined()
    }

    private func memory(_ image: Image) -> String? { image.memory.map { "\($0) MiB of memory" } }

    private func processors(_ image: Image) -> String? { image.cpus.map { $0.counted("processor") } }

    private func network(_ image: Image) -> String? {
        switch image.network {
        case .nothing?: "no network"
        case .outbound?: "the internet"
        case let other?: HostileText.printable(other.rawValue, limit: 40)
        case nil: nil
        }
    }

    private func disk(_ image: Image) -> String? {
        image.disk.map { size in
            size >= 1 << 30 ? "a disk of \(size >> 30) GiB" : "a disk of \(size >> 20) MiB"
        }
    }
}
