// What a browser fetches to show a page.

/** Counts bytes as they come over the wire, compressed, while something is done. */
export async function fetched(session, does) {
    const counted = { bytes: 0, requests: 0 };
    const add = ({ encodedDataLength }) => {
        counted.bytes += encodedDataLength;
        counted.requests += 1;
    };
    session.on("Network.loadingFinished", add);
    await does();
    session.off("Network.loadingFinished", add);
    return counted;
}
