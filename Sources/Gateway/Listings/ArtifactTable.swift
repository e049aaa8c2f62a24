import BuildAPI
import FoundationEssentials
import Presentation

/// Artifacts in aligned columns, their names last.
struct ArtifactTable {
    private let list: ArtifactList

    init(_ list: ArtifactList) {
        self.list = list
    }

    var text: String {
        var table = Table(["SIZE", "TAKEN", "NAME"], indent: 2)
        let taken = list.taken.map(TimeLeft.moment) ?? "-"
        for artifact in list.artifacts {
            table.add([SpokenSize.words(Int64(artifact.size)), taken, artifact.name])
        }
        return table.text
    }
}
