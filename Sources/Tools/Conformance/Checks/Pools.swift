import BuildAPI
import Presentation

/// Where builders come from. A service need not have such a thing.
extension Examination {
    func lookAtPools() {
        check(.poolsList) {
            let answer = client.get("/v1/pools")
            guard ![404, 405, 501].contains(answer.status) else {
                throw Deviation.skipped("the service has no pools")
            }
            let pools = try decode(PoolList.self, try expect(answer, 200).body).pools
            try expect(Set(pools.map(\.name)).count == pools.count, "two pools have the same name")
            for pool in pools {
                let (free, max) = (pool.free ?? 0, pool.max ?? .max)
                try expect((0...max).contains(free), "of \(max) builders of \(pool.name), \(free) are free")
            }
            return pools.count.counted("pool")
        }
    }
}
