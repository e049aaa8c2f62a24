/// Which Sallyport this is.
enum Version {
    static let current = "1.0"
}
