/// What a service sends, as sallyport-lookup reads it. Nobody can make it take a part for the whole.
func check(_ input: [UInt8]) {
    guard let answer = try? HTTPAnswer.parse(input) else { return }
    promise("a status is a final one", (200...599).contains(answer.status))
    promise("a body is the end of the input", input.suffix(answer.body.count).elementsEqual(answer.body))
    let head = input.dropLast(answer.body.count)
    promise("a head ends with an empty line", head.suffix(4).elementsEqual("\r\n\r\n".utf8))
    promise("head and body are bounded", answer.body.count <= HTTPAnswer.maximumSize)
    let text = String(decoding: head, as: UTF8.self).lowercased()
    promise(
        "the head says how long the body is",
        text.contains("content-length:") && text.contains("\(answer.body.count)"))
    promise("nothing is encoded", !text.contains("\ntransfer-encoding:"))
    promise(
        "a type is one line of printable ASCII",
        answer.contentType.utf8.allSatisfy { (0x20...0x7e).contains($0) || $0 == 0x09 })
    for count in [0, head.count / 2, head.count - 1, input.count - 1] where count < input.count {
        promise("a part is not the whole", (try? HTTPAnswer.parse(Array(input.prefix(count)))) == nil)
    }
    promise("there is no more than the whole", (try? HTTPAnswer.parse(input + [0])) == nil)
}
