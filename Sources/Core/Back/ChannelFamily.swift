import State

/// Channels that an application serves: which ids, by which rule, and how they run.
package struct ChannelFamily {
    package let pattern: FamilyPattern
    package let type: any Processor.Type
    package let settings: ChannelSettings

    package init(pattern: FamilyPattern, type: any Processor.Type, settings: ChannelSettings) {
        self.pattern = pattern
        self.type = type
        self.settings = settings
    }
}
