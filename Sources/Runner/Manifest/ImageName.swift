/// The name of an image: one of the folders of images, or a folder in one, such as `alpine/3.20`.
enum ImageName {
    /// Whether it is safe as a path below the folder of images: it has no empty part and none that begins with a dot.
    static func isValid(_ name: String) -> Bool {
        name.utf8.count <= 128
            && name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
                !part.isEmpty && !part.hasPrefix(".") && part.utf8.count <= 64
                    && part.utf8.allSatisfy { $0.isLetterOrDigit || $0 == 0x5f || $0 == 0x2e || $0 == 0x2d }
            }
    }
}
