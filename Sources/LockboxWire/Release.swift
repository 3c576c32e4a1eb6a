/// This release, as both programs name it.
public enum Release {
    public static let version = "0.1.0"
}
