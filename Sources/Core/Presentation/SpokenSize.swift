/// How large something is, in words.
public enum SpokenSize {
    /// - Parameter bytes: as a limit has it. Parts of a tenth of a megabyte are left out.
    public static func words(_ bytes: Int64) -> String {
        if bytes >= 1 << 30, bytes % (1 << 30) == 0 { return "\(bytes >> 30) GB" }
        if bytes >= 1 << 20 {
            let tenths = ((bytes % (1 << 20)) * 10) >> 20
            return tenths == 0 ? "\(bytes >> 20) MB" : "\(bytes >> 20).\(tenths) MB"
        }
        return bytes == 1 ? "1 byte" : "\(bytes) bytes"
    }
}
