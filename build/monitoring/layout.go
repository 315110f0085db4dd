package monitoring

// Grafana's grid is 24 wide. A graph takes a third, and what is one figure an eighth of it.
const (
	width       = 24
	graphWidth  = 8
	graphHeight = 7
	statWidth   = 4
	statHeight  = 4
	tableWidth  = 8
)

// laidOut are the rows and panels with ids and places, from left to right.
func laidOut(rows []Row) (panels []object) {
	id, y := 0, 0
	add := func(p object, x, y, w, h int) {
		id++
		p["id"], p["gridPos"] = id, object{"x": x, "y": y, "w": w, "h": h}
		panels = append(panels, p)
	}
	for _, r := range rows {
		add(object{"type": "row", "title": r.Title, "collapsed": false, "panels": []object{}}, 0, y, width, 1)
		y++
		x, tallest := 0, 0
		for _, p := range r.Panels {
			w, h := size(p.Kind)
			if x+w > width {
				x, y, tallest = 0, y+tallest, 0
			}
			add(p.object(), x, y, w, h)
			x, tallest = x+w, max(tallest, h)
		}
		y += tallest
	}
	return panels
}

func size(kind string) (w, h int) {
	switch kind {
	case "stat":
		return statWidth, statHeight
	case "table":
		return tableWidth, statHeight
	}
	return graphWidth, graphHeight
}

// object is the panel as Grafana has it, without its place.
func (p Panel) object() object {
	defaults := object{"unit": p.Unit, "min": 0}
	o := object{"type": p.Kind, "title": p.Title, "description": p.About, "datasource": source,
		"fieldConfig": object{"defaults": defaults, "overrides": []object{}}}
	switch p.Kind {
	case "timeseries":
		defaults["custom"] = object{"fillOpacity": 10, "showPoints": "never"}
		o["options"] = object{"legend": object{"displayMode": "list", "placement": "bottom"}, "tooltip": object{"mode": "multi", "sort": "desc"}}
	case "table": // the labels are what it is about
		o["transformations"] = []object{{"id": "organize", "options": object{"excludeByName": object{"Time": true}}}}
	}
	var targets []object
	for i, s := range p.Show {
		t := object{"refId": string(rune('A' + i)), "expr": s.Expr, "legendFormat": s.Legend, "datasource": source}
		if p.Kind == "timeseries" {
			t["range"] = true
		} else {
			t["instant"] = true
		}
		if p.Kind == "table" {
			t["format"] = "table"
		}
		targets = append(targets, t)
	}
	o["targets"] = targets
	return o
}
