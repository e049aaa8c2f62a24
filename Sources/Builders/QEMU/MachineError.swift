public import Provider

/// What goes wrong with virtual machines has the type that is common to all builders.
public typealias MachineError = BuilderError

extension BuilderError.Code {
    /// The image folder lacks a kernel or an initramfs.
    public static let imageMissing = Self(sentence: "The builder's image is missing or incomplete.")
    /// The machine's folder cannot be used: not writable, or its path is too long for a socket.
    public static let folderUnusable = Self(sentence: "The builder's state folder cannot be used.")
    /// The rules, or what they need, could not be set up for a machine with a network.
    public static let networkFailed = Self(
        sentence: "The rules that restrict the builder's network could not be set.")
}
