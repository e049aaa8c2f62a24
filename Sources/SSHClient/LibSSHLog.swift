import CLibSSH

/// What libssh tells nobody but its log.
enum LibSSHLog {
    /// Does something with the log open, and returns what the other side has said of its packets' size in it, the last
    /// time; nil: nothing.
    ///
    /// The log is the thread's own, and costs time for each packet: not for long.
    static func maximumPacket(in body: () -> Void) -> Int? {
        var size: Int?
        withUnsafeMutablePointer(to: &size) { size in
            ssh_set_log_userdata(size)
            ssh_set_log_callback { _, _, line, context in
                guard let line, let context else { return }
                let text = String(cString: line)
                guard text.contains("maxpacket : "), let last = text.split(separator: " ").last else {
                    return
                }
                context.assumingMemoryBound(to: Int?.self).pointee = Int(last)
            }
            ssh_set_log_level(CInt(SSH_LOG_FUNCTIONS))
            body()
            ssh_set_log_level(CInt(SSH_LOG_NOLOG))
            ssh_set_log_userdata(nil)
        }
        return size
    }
}
