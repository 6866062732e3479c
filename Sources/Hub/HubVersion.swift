/// The version of this build, as `hub --version` and the status say it.
package enum HubVersion {
    package static let text = "0.1.0"
}
