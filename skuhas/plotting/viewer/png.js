// PNG files written here, so that pixel values are exactly the regions' numbers.

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function chunk(kind, body) {
  const bytes = new Uint8Array(body.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = kind.charCodeAt(i);
  bytes.set(body, 8);
  let crc = 0xffffffff;
  for (let i = 4; i < body.length + 8; i++) crc = CRC[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  view.setUint32(body.length + 8, ~crc >>> 0);
  return bytes;
}

async function deflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Rows of bytes of the given width become a file; a palette makes it indexed.
async function png(width, height, depth, kind, rows, palette) {
  const stride = rows.length / height;
  const filtered = new Uint8Array(height * (stride + 1));
  for (let y = 0; y < height; y++) {
    filtered.set(rows.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = depth;
  header[9] = kind;
  const parts = [
    Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10),
    chunk("IHDR", header),
    ...(palette ? [chunk("PLTE", palette)] : []),
    chunk("IDAT", await deflate(filtered)),
    chunk("IEND", new Uint8Array(0)),
  ];
  return new Blob(parts, { type: "image/png" });
}

// As skuhas.plotting.label_image: indexed up to 255 regions, 16-bit grey above.
async function labelsFile(model) {
  const { width, height, labels, region, none } = model;
  const numbers = model.regionsByPixel();
  const few = numbers.size <= 255;
  const rows = new Uint8Array(labels.length * (few ? 1 : 2));
  for (let i = 0; i < labels.length; i++) {
    const node = labels[i] === none ? -1 : region[labels[i]];
    const value = node < 0 ? (few ? 255 : 65535) : numbers.get(node);
    if (few) rows[i] = value;
    else {
      rows[2 * i] = value >> 8;
      rows[2 * i + 1] = value & 255;
    }
  }
  if (!few) return png(width, height, 16, 0, rows);
  const palette = new Uint8Array(768).fill(255);
  for (const [node, number] of numbers) {
    palette.set(model.colors.subarray(3 * node, 3 * node + 3), 3 * number);
  }
  return png(width, height, 8, 3, rows, palette);
}

// What the stage shows of the whole picture, one pixel for each of the page's.
async function pictureFile(model, options) {
  const { width, height, labels, region, none } = model;
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  if (model.image) context.drawImage(model.image, 0, 0, width, height);
  const pixels = context.getImageData(0, 0, width, height).data;
  const table = options.fill === "means" && model.means ? model.means : model.colors;
  const rows = new Uint8Array(3 * labels.length);
  const at = (i) => (labels[i] === none ? -1 : region[labels[i]]);
  for (let i = 0; i < labels.length; i++) {
    const node = at(i);
    const seam = options.boundaries
      && (((i + 1) % width && at(i + 1) !== node) || (i + width < labels.length && at(i + width) !== node));
    for (let band = 0; band < 3; band++) {
      const under = pixels[4 * i + band];
      const over = node < 0 ? under : table[3 * node + band];
      rows[3 * i + band] = seam ? 255 : Math.round(under + options.opacity * (over - under));
    }
  }
  return png(width, height, 8, 2, rows);
}

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
