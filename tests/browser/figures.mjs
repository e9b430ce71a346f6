// How quickly the pages are there, in Chromium, from a running shop: no test, a table to read.
//   node tests/browser/figures.mjs URL VAR [ROUNDS]
// Each page is loaded with an empty cache, ROUNDS times (5); the medians are shown: kB over the wire,
// requests, and milliseconds from the start until something is painted, until the largest part of it is,
// and until nothing keeps the page from answering any more (Lighthouse's time to interactive: the end
// of the last task above 50 ms); last, what such tasks took beyond 50 ms. Then the same as on a cheap
// phone: a processor four times slower, and a network of 1.6 Mbit/s with 150 ms there and back.
import { chromium } from "playwright-core";
import { fetched } from "./loading.mjs";
import { Shop } from "./shop.mjs";
import { Visitor } from "./visitor.mjs";

const [url, folder, rounds = "5"] = process.argv.slice(2);
const pages = { Login: "/", Overview: "/#/", Products: "/#/products", Orders: "/#/orders", Docs: "/docs" };
const longTask = 50; // ms
const phone = { cpu: 4, latency: 150, downloadThroughput: 200_000, uploadThroughput: 93_750 };

/** Runs in the page before anything else does. */
function watch() {
    window.seen = { largest: 0, tasks: [] };
    const observe = (type, each) =>
        new PerformanceObserver((list) => list.getEntries().forEach(each)).observe({ type, buffered: true });
    observe("largest-contentful-paint", ({ startTime }) => (window.seen.largest = startTime));
    observe("longtask", ({ startTime, duration }) => window.seen.tasks.push([startTime, duration]));
}

async function as_on(device, session) {
    if (device === null) return;
    const { cpu, ...network } = device;
    await session.send("Emulation.setCPUThrottlingRate", { rate: cpu });
    await session.send("Network.emulateNetworkConditions", { offline: false, ...network });
}

/** One load of a page by somebody who was never here, logged in by `state` where there is one. */
async function loaded(browser, shop, view, state, device) {
    const context = await browser.newContext({ locale: "en-GB", storageState: state });
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    await session.send("Network.setCacheDisabled", { cacheDisabled: true });
    await as_on(device, session);
    await page.addInitScript(watch);
    const { bytes, requests } = await fetched(session, async () => {
        await page.goto(`${shop.url}${view}`, { waitUntil: "networkidle" });
        await page.locator("h1").first().waitFor();
        await page.waitForTimeout(300);
    });
    const { first, largest, tasks } = await page.evaluate(() => ({
        ...window.seen,
        first: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
    }));
    await context.close();
    const ends = tasks.map(([start, took]) => start + took);
    const blocked = tasks.reduce((sum, [start, took]) => sum + (start < first ? 0 : took - longTask), 0);
    return [bytes / 1000, requests, first, largest, Math.max(first, ...ends), blocked];
}

function median(values) {
    const sorted = [...values].sort((one, other) => one - other);
    return sorted[Math.floor(sorted.length / 2)];
}

const print = (name, cells) =>
    console.log(name.padEnd(10) + cells.map((cell) => String(cell).padStart(13)).join(""));

const shop = await new Shop(url, folder).start();
const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
});
const visitor = await Visitor.arrive(browser, shop);
await visitor.open("/");
await visitor.logInByForm();
const loggedIn = await visitor.context.storageState();
await visitor.context.close();
for (const [name, device] of [
    ["This machine", null],
    ["A cheap phone", phone],
]) {
    console.log(`\n${name}`);
    print("", ["kB", "requests", "painted", "largest", "interactive", "blocked"]);
    for (const [title, view] of Object.entries(pages)) {
        const state = title === "Login" ? undefined : loggedIn;
        const figures = [];
        for (let round = 0; round < Number(rounds); round += 1)
            figures.push(await loaded(browser, shop, view, state, device));
        print(
            title,
            figures[0].map((_, column) => Math.round(median(figures.map((row) => row[column])))),
        );
    }
}
await browser.close();
