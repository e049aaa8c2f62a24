/// libFuzzer calls this with every input; each target has its own `check`.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    check(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}

/// Ends the fuzzer when a promise is broken. (Not `precondition`: optimised code traps without its sentence.)
func promise(_ sentence: @autoclosure () -> String, _ holds: Bool) {
    guard holds else { fatalError("Broken promise: \(sentence()).") }
}
