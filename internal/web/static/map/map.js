// The map that can be moved. A page holds
//
//   <div data-map data-src="/events.geojson?kind=rally" data-tiles="/map/tiles/{z}/{x}/{y}" data-bbox="west,south,east,north"
//        data-label-open="Open the map" ...><img src="..."></div>
//
// around the picture that the server drew. This script adds a button; only when it is pressed the map library is loaded, and the map takes the picture's
// place, pixel for pixel. Without script, without WebGL, or when loading fails, the picture stays. The list under the map says everything that the map
// says, so nothing here is the only way to anything.
//
// What moves is in view.js, which comes with the library: a page that only shows the picture does not carry it.
//
// Attributes: data-src, data-tiles (both required); data-bbox (what the picture shows; else bbox of data-src, else the world); data-maxzoom (of the
// tiles, else 7); data-credit; and the words, in the reader's language: data-label-open, -nowebgl, -error, -map, -zoom-in, -zoom-out, -close.
// Events need the properties title, url and when; count if one feature stands for several.

// file is the address of what lies beside this script, of the same version.
const file = (name) => new URL(name + new URL(import.meta.url).search, import.meta.url).href;

const element = (tag, className, text) => {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text) e.textContent = text;
  return e;
};

// sheet loads a style sheet, once.
const sheet = (name) => new Promise((done, failed) => {
  const href = file(name);
  if ([...document.styleSheets].some((s) => s.href === href)) return done();
  const link = element('link');
  link.rel = 'stylesheet';
  link.href = href;
  link.onload = done;
  link.onerror = () => failed(new Error(name));
  document.head.append(link);
});

const setUp = async (place) => {
  const d = place.dataset;
  await sheet('map.css');
  const message = element('p', 'map-message');
  message.setAttribute('role', 'status');
  const say = (text) => { message.textContent = text || ''; };
  const button = element('button', 'map-open', d.labelOpen);
  button.type = 'button';
  place.append(button);
  place.after(message);
  button.addEventListener('click', async () => {
    if (!element('canvas').getContext('webgl2')) {
      button.remove();
      return say(d.labelNowebgl);
    }
    button.disabled = true;
    say('');
    try {
      const { open } = await import(file('view.js'));
      await open(place, { say, element, file, sheet });
      button.remove();
    } catch {
      button.disabled = false;
      say(d.labelError);
    }
  });
};

for (const place of document.querySelectorAll('[data-map]')) setUp(place).catch(() => { /* the picture stays */ });
