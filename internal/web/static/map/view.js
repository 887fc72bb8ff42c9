// The moving map itself. map.js loads it when somebody presses the button, and hands over its tools; what the attributes mean stands there.

const maxZoom = 12;
const patience = 30000; // milliseconds until a map that does not show counts as failed
const settle = 250; // milliseconds of rest after a move before events are fetched again
const most = 5000; // events that one window shows, as many as in the picture

const light = {
  water: '#d3e2e6', land: '#f7f4ed', county: '#e6e0d3', state: '#d2c9b8', country: '#b3a793',
  names: ['#6d6557', '#776f61', '#4b463d'], dot: '#7d7566', marker: '#0b6e69', ring: '#ffffff', number: '#ffffff',
};
const dark = {
  water: '#151b20', land: '#252b30', county: '#30373d', state: '#3e474e', country: '#5a656d',
  names: ['#98a4ac', '#8b979f', '#b8c2c8'], dot: '#88949c', marker: '#4fd1c5', ring: '#12181c', number: '#06201e',
};
const prefersDark = matchMedia('(prefers-color-scheme: dark)');
const shades = () => (prefersDark.matches ? dark : light);

let element; // makes an element; map.js hands it over

// box reads "west,south,east,north"; east grows past 180 where the box crosses the antimeridian.
const box = (text) => {
  const b = (text || '').split(',').map(Number);
  if (b.length !== 4 || b.some((n) => !Number.isFinite(n))) return null;
  if (b[0] > b[2]) b[2] += 360;
  return b;
};

// windowOf writes what the map shows the same way back.
const windowOf = (bounds) => {
  const wrap = (lon) => ((((lon + 180) % 360) + 360) % 360) - 180;
  const round = (n) => Math.round(n * 1e5) / 1e5;
  let [west, east] = [bounds.getWest(), bounds.getEast()];
  [west, east] = east - west >= 360 ? [-180, 180] : [wrap(west), wrap(east)];
  return [west, Math.max(bounds.getSouth(), -90), east, Math.min(bounds.getNorth(), 90)].map(round).join(',');
};

const style = (tiles, tileZoom, events) => {
  const s = shades();
  const line = (kind, color, width) => ({
    id: kind, type: 'line', source: 'base', 'source-layer': 'borders', filter: ['==', ['get', 'kind'], kind],
    paint: { 'line-color': color, 'line-width': width },
  });
  const fill = (id, color) => ({ id, type: 'fill', source: 'base', 'source-layer': id, paint: { 'fill-color': color } });
  const theme = prefersDark.matches ? 'd' : 'l';
  // There is no glyph server: names and counts are images that draw() makes when the map asks for them.
  const names = (id, layer, rank, extra) => ({
    id, type: 'symbol', source: 'base', 'source-layer': layer,
    layout: {
      'icon-image': ['concat', `${theme}|${id}|`, ['get', 'name']], 'icon-padding': 6, 'symbol-sort-key': ['-', 0, ['coalesce', ['get', rank], 0]],
      ...(id === 'town' ? { 'icon-anchor': 'left', 'icon-offset': [-5, 0] } : {}),
    },
    ...extra,
  });
  const kind = (k) => ({ filter: ['==', ['get', 'kind'], k] });
  return {
    version: 8,
    sources: {
      base: { type: 'vector', tiles: [tiles], maxzoom: tileZoom },
      events: {
        type: 'geojson', data: events, cluster: true, clusterRadius: 28, clusterMaxZoom: maxZoom,
        clusterProperties: { n: ['+', ['coalesce', ['get', 'count'], 1]] },
      },
    },
    layers: [
      { id: 'water', type: 'background', paint: { 'background-color': s.water } },
      fill('land', s.land), fill('lakes', s.water),
      line('county', s.county, 0.8), line('state', s.state, 0.9), line('country', s.country, 1.1),
      names('town', 'places', 'pop'), names('region', 'labels', 'rank', kind('state')), names('nation', 'labels', 'rank', kind('country')),
      {
        id: 'events', type: 'symbol', source: 'events',
        layout: {
          'icon-image': ['concat', `${theme}|event|`, ['to-string', ['coalesce', ['get', 'n'], ['get', 'count'], 1]]],
          'icon-allow-overlap': true, 'icon-padding': 0,
        },
      },
    ],
  };
};

const countText = (n) => (n >= 1e6 ? `${Math.floor(n / 1e6)}M` : n >= 1e4 ? `${Math.floor(n / 1e3)}k` : `${n}`);

// canvas returns a drawing surface in CSS pixels.
const canvas = (width, height, ratio) => {
  const c = element('canvas');
  c.width = Math.ceil(width * ratio);
  c.height = Math.ceil(height * ratio);
  const pen = c.getContext('2d', { willReadFrequently: true });
  pen.scale(ratio, ratio);
  return pen;
};

const pixels = (pen) => pen.getImageData(0, 0, pen.canvas.width, pen.canvas.height);

// readable says whether this browser lets a page read what it drew. Some give noise instead, against fingerprinting; names and counts are left out then.
const readable = () => {
  const pen = canvas(8, 8, 1);
  pen.fillStyle = '#406080';
  pen.fillRect(0, 0, 8, 8);
  return pixels(pen).data.every((v, i) => Math.abs(v - [64, 96, 128, 255][i % 4]) < 8);
};

const drawName = (s, id, name, ratio) => {
  const rank = ['nation', 'region', 'town'].indexOf(id);
  const text = rank === 0 ? name.toUpperCase() : name;
  const left = rank === 2 ? 12 : 3;
  const prepare = (pen) => {
    pen.font = ['500 10.5px', '11px', '12px'][rank] + ' system-ui, sans-serif';
    pen.letterSpacing = ['1.2px', '0.4px', '0px'][rank];
  };
  const probe = canvas(1, 1, 1);
  prepare(probe);
  const pen = canvas(Math.min(probe.measureText(text).width, 300) + left + 3, 18, ratio);
  prepare(pen);
  pen.textBaseline = 'middle';
  pen.lineJoin = 'round';
  pen.lineWidth = 3;
  pen.strokeStyle = s.land;
  pen.strokeText(text, left, 9);
  pen.fillStyle = s.names[rank];
  pen.fillText(text, left, 9);
  if (rank === 2) disc(pen, 5, 9, 1.75, s.dot);
  return pixels(pen);
};

const disc = (pen, x, y, r, color) => {
  pen.beginPath();
  pen.arc(x, y, r, 0, 7);
  pen.fillStyle = color;
  pen.fill();
};

const radius = (n) => Math.round(Math.min(Math.max(6 * n ** 0.25, n > 1 ? 5 + 3 * countText(n).length : 0), 26));

const drawEvent = (s, n, ratio) => {
  const r = radius(n);
  const half = r + 3; // a free pixel all around, or the picture's edge cuts the ring
  const pen = canvas(2 * half, 2 * half, ratio);
  disc(pen, half, half, r + 1.5, s.ring);
  disc(pen, half, half, r, s.marker);
  if (n > 1) {
    pen.font = '700 11px system-ui, sans-serif';
    pen.textAlign = 'center';
    pen.textBaseline = 'middle';
    pen.fillStyle = s.number;
    pen.fillText(countText(n), half, half + 0.5);
  }
  return pixels(pen);
};

// plainEvent is drawEvent without a canvas, and so without the number.
const plainEvent = (s, n, ratio) => {
  const side = Math.ceil(2 * (radius(n) + 3) * ratio);
  const image = new ImageData(side, side);
  const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  const [body, ring] = [rgb(s.marker), rgb(s.ring)];
  for (let i = 0; i < side * side; i++) {
    const d = Math.hypot((i % side) + 0.5 - side / 2, Math.floor(i / side) + 0.5 - side / 2) / ratio;
    image.data.set(d < radius(n) ? body : ring, 4 * i);
    image.data[4 * i + 3] = 255 * Math.min(Math.max((radius(n) + 1.5 - d) * ratio, 0), 1);
  }
  return image;
};

// draw makes the image that a layer asks for by a name such as "d|town|Leipzig" or "l|event|12".
const draw = (id, ratio, canRead) => {
  const [, kind, ...rest] = id.split('|');
  const s = id[0] === 'd' ? dark : light;
  const what = rest.join('|');
  if (kind === 'event') return (canRead ? drawEvent : plainEvent)(s, Math.max(Number(what) || 1, 1), ratio);
  return canRead && what ? drawName(s, kind, what, ratio) : new ImageData(1, 1);
};

// details builds the popup's content; what comes from the server is only ever text, and links stay on http(s).
const details = (features) => {
  const list = element('ul', 'map-popup');
  for (const { properties: p } of features) {
    const item = element('li');
    let target = null;
    try {
      target = new URL(p.url, location.href);
    } catch { /* shown without a link */ }
    const title = element(target && /^https?:$/.test(target.protocol) ? 'a' : 'strong', 'map-popup-title', p.title);
    if (title.localName === 'a') title.href = target.href;
    item.append(title);
    if (p.when) item.append(element('span', 'map-popup-when', p.when));
    list.append(item);
  }
  return list;
};

// following is the query of the next part of an answer that does not hold all.
const following = (answer) => {
  const link = /<([^>]+)>; *rel="next"/.exec(answer.headers.get('Link') || '');
  return link && new URL(link[1]).search;
};

// watch keeps the events on the map those of the window that it shows.
const watch = (map, src, failed) => {
  let timer = 0;
  let running = null;
  let shown = '';
  const load = async () => {
    const url = new URL(src, location.href);
    // The window takes the place of the circle that was searched for; all else stays as asked.
    for (const name of ['near', 'radius_km', 'bbox']) url.searchParams.delete(name);
    url.searchParams.set('bbox', windowOf(map.getBounds()));
    if (url.href === shown) return; // a move may end where it began
    shown = url.href;
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    const events = { type: 'FeatureCollection', features: [] };
    try {
      let more = url.search;
      while (more && events.features.length < most) {
        url.search = more;
        const answer = await fetch(url, { signal, headers: { Accept: 'application/geo+json' } });
        if (!answer.ok) throw new Error(answer.status);
        events.features.push(...(await answer.json()).features);
        map.events = events;
        map.getSource('events').setData(events);
        more = following(answer);
      }
      failed(false);
    } catch (e) {
      if (e.name === 'AbortError') return;
      shown = '';
      failed(true);
    }
  };
  map.on('moveend', () => {
    clearTimeout(timer);
    timer = setTimeout(load, settle);
  });
  return load();
};

const popups = (lib, map, frame) => {
  let popup = null;
  // The map is small: what was pressed goes to its upper edge, and the popup takes what is left below it and beside the buttons.
  const show = (at, features) => {
    popup?.remove();
    const { clientWidth, clientHeight } = map.getContainer();
    const [width, buttons] = [Math.min(280, clientWidth - 74), 64];
    const list = details(features);
    list.style.maxBlockSize = `${clientHeight - 110}px`;
    popup = new lib.Popup({ anchor: 'top', maxWidth: `${width}px`, offset: 12 }).setLngLat(at).setDOMContent(list).addTo(map);
    map.panTo(at, { offset: [Math.min(0, (clientWidth - width) / 2 - buttons), 32 - clientHeight / 2] });
  };
  map.on('click', 'events', async (e) => {
    const feature = e.features[0];
    const at = feature.geometry.coordinates;
    const id = feature.properties.cluster_id;
    if (id === undefined) return show(at, [feature]);
    const source = map.getSource('events');
    const zoom = await source.getClusterExpansionZoom(id);
    if (zoom <= maxZoom) return map.easeTo({ center: at, zoom });
    show(at, await source.getClusterLeaves(id, 50, 0));
  });
  for (const [event, cursor] of [['mouseenter', 'pointer'], ['mouseleave', '']]) {
    map.on(event, 'events', () => { map.getCanvas().style.cursor = cursor; });
  }
  frame.addEventListener('keydown', (e) => {
    if (e.key !== 'Escape' || !popup?.isOpen()) return;
    popup.remove();
    map.getCanvas().focus();
  });
};

// The page's header forbids to start scripts by their address (Trusted Types) but for what this allows: the library's worker.
let worker;
globalThis.trustedTypes?.createPolicy('default', { createScriptURL: (url) => (url === worker ? url : null) });

// open puts the map into the place's box and resolves when it shows; it throws if it cannot.
export const open = async (place, tools) => {
  const { say, file, sheet } = tools;
  ({ element } = tools);
  const d = place.dataset;
  worker = file('maplibre-gl-worker.mjs');
  const [lib] = await Promise.all([import(file('maplibre-gl.mjs')), sheet('maplibre-gl.css')]);
  lib.setWorkerUrl(worker);
  const frame = element('div', 'map-frame');
  place.append(frame);
  const tiles = new URL(d.tiles, location.href).href.replace(/%7B/gi, '{').replace(/%7D/gi, '}');
  const make = (events) => style(tiles, Number(d.maxzoom) || 7, events);
  let map;
  try {
    map = new lib.Map({
      container: frame, style: make({ type: 'FeatureCollection', features: [] }),
      bounds: box(d.bbox) || box(new URL(d.src, location.href).searchParams.get('bbox')) || [-180, -58, 180, 78],
      maxZoom, maxPitch: 0, dragRotate: false, pitchWithRotate: false, attributionControl: false, fadeDuration: 0,
      locale: {
        'Map.Title': d.labelMap || '', 'Popup.Close': d.labelClose || '',
        'NavigationControl.ZoomIn': d.labelZoomIn || '', 'NavigationControl.ZoomOut': d.labelZoomOut || '',
      },
    });
    // Finer tiles begin at whole zooms: from a little below, step up to them.
    if (map.getZoom() % 1 > 0.85) map.setZoom(Math.ceil(map.getZoom()));
    map.touchZoomRotate.disableRotation();
    map.keyboard.disableRotation();
    map.addControl(new lib.NavigationControl({ showCompass: false }), 'top-right');
    const [ratio, canRead] = [Math.max(devicePixelRatio, 1), readable()];
    map.setMissingStyleImageResolver((id) => {
      if (!map.hasImage(id)) map.addImage(id, draw(id, ratio, canRead), { pixelRatio: ratio });
    });
    prefersDark.addEventListener('change', () => map.setStyle(make(map.events)));
    await new Promise((done, failed) => {
      setTimeout(() => failed(new Error('the map does not load')), patience);
      map.once('load', done);
      map.once('error', (e) => (map.loaded() ? done() : failed(e.error)));
    });
    if (d.credit) frame.append(element('p', 'map-credit', d.credit));
    popups(lib, map, frame);
    place.dataset.mapOpen = '';
    map.getCanvas().focus({ preventScroll: true });
    await watch(map, d.src, (bad) => say(bad ? d.labelError : ''));
  } catch (e) {
    map?.remove();
    frame.remove();
    throw e;
  }
};
