/** The connection to the server: it comes back by itself, and knows how old the last word is. */

const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 4000;
const STEADY_MS = 3000; // a connection that ends sooner was no good, and isn't tried again at once

export class Link {
  /**
   * @param {(message: any) => void} onMessage
   * @param {(camera: string, t: number, jpeg: Blob) => void} onPicture
   * @param {(up: boolean) => void} onTurn called when the connection comes or goes
   */
  constructor(onMessage, onPicture, onTurn) {
    this.onMessage = onMessage;
    this.onPicture = onPicture;
    this.onTurn = onTurn;
    this.waitMs = FIRST_WAIT_MS;
    this.heardMs = performance.now();
    this.up = false;
    this.why = ""; // why the server ended the last connection
    this.openedMs = 0;
    this.failures = 0; // connections in a row that could not be opened
    /** @type {WebSocket|null} */ this.socket = null;
    // A token stands behind the '#', so that it is in no request line and in no log; it travels as a subprotocol.
    // What follows it in a link that was copied with a bracket or a comma is not part of it.
    const given = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
    this.token = given.replace(/[^A-Za-z0-9_-].*$/s, "");
    this.open();
  }

  open() {
    const url = new URL("socket", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    url.hash = "";
    const socket = new WebSocket(url, this.token ? ["bt-robot", `token.${this.token}`] : ["bt-robot"]);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.up = true;
      this.failures = 0;
      this.openedMs = this.heardMs = performance.now();
      this.onTurn(true);
    };
    socket.onmessage = (event) => this.take(event.data);
    socket.onclose = (event) => {
      this.why = event.reason;
      if (!this.up) this.failures++;
      if (this.up && performance.now() - this.openedMs > STEADY_MS) this.waitMs = FIRST_WAIT_MS;
      if (this.up) {
        this.up = false;
        this.onTurn(false);
      }
      setTimeout(() => this.open(), this.waitMs);
      this.waitMs = Math.min(2 * this.waitMs, LONGEST_WAIT_MS);
    };
    this.socket = socket;
  }

  /** @param {string|ArrayBuffer} data */
  take(data) {
    this.heardMs = performance.now();
    if (typeof data === "string") {
      this.onMessage(JSON.parse(data));
      return;
    }
    const view = new DataView(data);
    if (view.byteLength < 10 || view.getUint8(0) !== 1) return;
    const length = view.getUint8(1);
    const camera = new TextDecoder().decode(new Uint8Array(data, 2, length));
    this.onPicture(
      camera,
      view.getFloat64(2 + length, true),
      new Blob([new Uint8Array(data, 10 + length)], { type: "image/jpeg" }),
    );
  }

  /** @param {object} message @returns {boolean} whether it was sent */
  send(message) {
    if (!this.up || this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  /** @returns {number} how old the last word from the server is [s] */
  get silenceS() {
    return (performance.now() - this.heardMs) / 1000;
  }
}
