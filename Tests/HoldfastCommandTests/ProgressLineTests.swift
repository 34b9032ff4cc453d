// Copyright the Holdfast authors
// SPDX-License-Identifier: Apache-2.0

import Holdfast
import Testing

@testable import HoldfastCommand

@Suite("How far an operation is")
struct ProgressLineTests {
    private var half: ProgressMeter.Reading {
        var reading = ProgressMeter().reading
        reading.phase = "backing up"
        (reading.objectsTotal, reading.objectsDone) = (3000, 1500)
        (reading.bytesTotal, reading.bytesDone) = (2 << 20, 1 << 20)
        reading.totalsAreFinal = true
        return reading
    }

    /// Half of the work took two seconds.
    private let speed = ProgressSpeed.Value(
        bytesPerSecond: 524_288, workPerSecond: ProgressSpeed.work(1500, 1 << 20) / 2)

    @Test("A bar with everything that is known")
    func bar() {
        let line = ProgressLine(reading: half, speed: speed)
        #expect(
            line.bar(width: 200)
                == "backing up [##########----------]  1,500/3,000 objects  1.0 MiB/2.0 MiB  512 KiB/s  2 s left")
        #expect(
            line.sentence
                == "backing up: 1,500 of 3,000 objects, 1.0 MiB of 2.0 MiB, 512 KiB/s, 2 s left")
    }

    @Test("A line is never wider than the terminal", arguments: [0, 1, 5, 20, 40, 60, 80, 120])
    func width(_ width: Int) {
        #expect(ProgressLine(reading: half, speed: speed).bar(width: width).count <= max(0, width - 1))
    }

    @Test("While the listing goes on there is no bar and no time left")
    func growing() {
        var reading = half
        reading.totalsAreFinal = false
        #expect(
            ProgressLine(reading: reading, speed: speed).sentence
                == "backing up: 1,500 of 3,000+ objects, 1.0 MiB of 2.0 MiB+, 512 KiB/s")
        #expect(!ProgressLine(reading: reading, speed: speed).bar(width: 200).contains("["))
    }

    @Test("Nothing is said that is not known")
    func beginning() {
        var reading = ProgressMeter().reading
        #expect(ProgressLine(reading: reading, speed: nil).sentence == "working")
        reading.phase = "looking"
        #expect(ProgressLine(reading: reading, speed: nil).bar(width: 80) == "looking")
        reading.exceptions = 2
        reading.objectsDone = 1
        #expect(ProgressLine(reading: reading, speed: nil).sentence == "looking: 1 object, 2 exceptions")
    }

    @Test("More done than was announced is no more than all")
    func beyond() {
        var reading = half
        reading.bytesDone = 5 << 20
        reading.objectsDone = 9999
        let line = ProgressLine(reading: reading, speed: speed).bar(width: 200)
        #expect(line.contains("[####################]") && !line.contains("left"))
    }

    @Test("The rate is that of the last seconds, the pace that of the last minute")
    func recentSpeed() {
        var speed = ProgressSpeed()
        var reading = ProgressMeter().reading
        #expect(speed.add(reading, at: 0) == nil)
        for second in 1...70 {
            reading.bytesDone += second <= 10 ? 1000 : 0
            let value = speed.add(reading, at: Double(second))
            if second == 10 { #expect(value == .init(bytesPerSecond: 1000, workPerSecond: 1000)) }
            if second == 20 { #expect(value == .init(bytesPerSecond: 0, workPerSecond: 500)) }
            if second == 70 { #expect(value == .init(bytesPerSecond: 0, workPerSecond: 0)) }
        }
    }

    @Test("Large pieces that come now and then leave the rate steady")
    func lumps() {
        var speed = ProgressSpeed()
        var reading = ProgressMeter().reading
        var rates: [Double] = []
        for second in 0...60 {
            if second.isMultiple(of: 5) { reading.bytesDone += 5_000_000 }
            if let value = speed.add(reading, at: Double(second)), second > 10 { rates.append(value.bytesPerSecond) }
        }
        #expect(rates.count == 50 && rates.allSatisfy { $0 == 1_000_000 })
    }

    @Test("A new phase is measured by itself")
    func phases() {
        let meter = ProgressMeter()
        var speed = ProgressSpeed()
        meter.begin("reading", objects: 0, bytes: 1000)
        meter.finished(objects: 0, bytes: 1000)
        _ = speed.add(meter.reading, at: 1)
        meter.update { $0.exceptions = 1 }
        meter.begin("comparing", objects: 3, bytes: 30)
        meter.finished(bytes: 10)
        meter.dropped(bytes: 10)
        #expect(speed.add(meter.reading, at: 2) == nil)
        #expect(
            ProgressLine(reading: meter.reading, speed: nil).sentence
                == "comparing: 1 of 2 objects, 10 B of 20 B, 1 exception")
    }
}
