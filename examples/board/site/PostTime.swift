/// A moment as pages show it: in UTC, because a page is for everyone. A browser with JavaScript shows its own time.
struct PostTime {
    let year, month, day, hour, minute, second: Int

    /// From seconds since 1970; what lies before is 1970's first second.
    init(_ seconds: Int64) {
        let seconds = Int(max(0, seconds))
        let days = seconds / 86_400
        (hour, minute, second) = (seconds % 86_400 / 3600, seconds % 3600 / 60, seconds % 60)
        // Years of this calculation begin in March, so that the leap day is a year's last.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `21 Nov 2026, 05:10`
    var text: String { "\(day) \(Self.months[month - 1]) \(year), \(two(hour)):\(two(minute))" }
    /// `2026-11-21T05:10:33Z`
    var machine: String { "\(year)-\(two(month))-\(two(day))T\(two(hour)):\(two(minute)):\(two(second))Z" }

    var markup: HTML { "<time datetime=\"\(machine)\">\(text) UTC</time>" }

    private func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
