import Presentation
import Testing

@Suite struct NearestWordTests {
    @Test(
        arguments: [
            ("enviroment", "environment"), ("Tasks", "tasks"), ("tsaks", "tasks"), ("imag", "image"),
            ("images", "image"), ("shel", "shell"), ("timout", "timeout"), ("colour", nil), ("", nil),
            ("a", nil), ("tab", nil), (String(repeating: "tasks", count: 1000), nil),
        ] as [(String, String?)])
    func aTypoHasItsWord(typed: String, word: String?) {
        let words = ["image", "environment", "tasks", "shell", "timeout"]
        #expect(NearestWord.find(typed, among: words) == word)
        #expect(NearestWord.find(typed, among: []) == nil)
    }

    @Test(arguments: [
        ("conect", "connect", 1), ("shwo", "show", 1), ("list", "list", 0), ("", "abc", 3), ("abc", "", 3),
        ("kitten", "sitting", 3), ("ca", "abc", 3),
    ]) func neighboursThatAreExchangedAreOneMistake(one: String, other: String, distance: Int) {
        #expect(EditDistance.between(one, other) == distance)
    }
}
