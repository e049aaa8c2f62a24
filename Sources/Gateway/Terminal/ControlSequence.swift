/// One control function that a terminal receives (ECMA-48, and xterm's control sequences).
enum ControlSequence: Equatable {
    /// `ESC`, at most one intermediate byte, and a final byte.
    case escape(intermediate: UInt8?, final: UInt8)
    /// `ESC [`, or CSI.
    case control(Control)
    /// A string that has been ended: OSC, DCS, SOS, PM or APC. The text is cut off after ``Parser/textLimit`` bytes.
    case string(introducer: UInt8, text: [UInt8])

    struct Control: Equatable {
        /// One of `<=>?`, before the parameters.
        var prefix: UInt8?
        /// What is not given is 0. Of a parameter with colons, only what comes before the first.
        var parameters: [Int] = []
        var intermediate: UInt8?
        var final: UInt8 = 0
    }

    /// Takes bytes one at a time. Sequences can be cut anywhere between two calls.
    struct Parser {
        /// The bytes of a string that are kept: all that ``TerminalChanges`` looks at.
        static let textLimit = 64
        private static let parameterLimit = 32

        private enum State {
            case text
            case escape(intermediate: UInt8?)
            case control
            case string(introducer: UInt8)
            /// After ESC in a string.
            case stringEscape(introducer: UInt8)
        }

        private var state = State.text
        private var control = Control()
        /// Whether a colon has been seen in the current parameter.
        private var isSubparameter = false
        private var text: [UInt8] = []

        var isInText: Bool { if case .text = state { true } else { false } }

        /// - Returns: the sequence that this byte ends.
        mutating func take(_ byte: UInt8) -> ControlSequence? {
            switch (state, byte) {
            // CAN and SUB end any sequence.
            case (_, 0x18), (_, 0x1a): state = .text
            case (.string(let introducer), 0x1b): state = .stringEscape(introducer: introducer)
            case (_, 0x1b):
                // Inside a string, an ESC that does not begin ST ends the string without effect.
                state = .escape(intermediate: nil)
            case (.text, _): break
            case (.escape(let intermediate), _): return takeEscape(byte, intermediate)
            case (.control, _): return takeControl(byte)
            case (.string(let introducer), 0x07): return endString(introducer)
            case (.string, _): if text.count < Self.textLimit { text.append(byte) }
            case (.stringEscape(let introducer), UInt8(ascii: "\\")): return endString(introducer)
            case (.stringEscape, _):
                state = .escape(intermediate: nil)
                return take(byte)
            }
            return nil
        }

        private mutating func endString(_ introducer: UInt8) -> ControlSequence {
            defer { text.removeAll(keepingCapacity: true) }
            state = .text
            return .string(introducer: introducer, text: text)
        }

        private mutating func takeEscape(_ byte: UInt8, _ intermediate: UInt8?) -> ControlSequence? {
            switch byte {
            case UInt8(ascii: "[") where intermediate == nil:
                control = Control()
                isSubparameter = false
                state = .control
            case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"),
                UInt8(ascii: "_"):
                guard intermediate == nil else { fallthrough }
                text.removeAll(keepingCapacity: true)
                state = .string(introducer: byte)
            case 0x30...0x7e:
                state = .text
                return .escape(intermediate: intermediate, final: byte)
            case 0x20...0x2f: state = .escape(intermediate: byte)
            // Control characters act at once; anything else ends it.
            case 0..<0x20: break
            default: state = .text
            }
            return nil
        }

        private mutating func takeControl(_ byte: UInt8) -> ControlSequence? {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if control.parameters.isEmpty { control.parameters = [0] }
                guard !isSubparameter else { break }
                let last = control.parameters.count - 1
                // No parameter that counts is this large.
                control.parameters[last] = min(
                    control.parameters[last] * 10 + Int(byte - UInt8(ascii: "0")), 100_000)
            case UInt8(ascii: ":"): isSubparameter = true
            case UInt8(ascii: ";"):
                if control.parameters.isEmpty { control.parameters = [0] }
                if control.parameters.count < Self.parameterLimit { control.parameters.append(0) }
                isSubparameter = false
            case 0x3c...0x3f: control.prefix = byte
            case 0x20...0x2f: control.intermediate = byte
            case 0x40...0x7e:
                state = .text
                control.final = byte
                return .control(control)
            default: break
            }
            return nil
        }
    }
}
