package api_test

import "testing"

func TestGapsAreListedAndClosed(t *testing.T) {
	w := newWorld(t, nil)
	c := w.owner
	c.post("fieldbook/objectives", `{"title":"Never stops offline"}`).want(201)
	for _, title := range []string{"Sync", "Maps"} {
		c.post("fieldbook/features", `{"title":"`+title+`","status":"Discovery"}`).want(201)
	}
	page := c.get("fieldbook/gaps?limit=3").want(200).page()
	if page.Total != 5 || len(page.Items) != 3 || page.Items[0].text("kind") != "no-owner" || page.Items[0].text("column") != "owner" {
		t.Fatalf("the first page is %+v", page)
	}
	if entity := page.Items[0]["entity"].(map[string]any); entity["key"] != "FB-1" || entity["title"] != "Sync" {
		t.Errorf("it is of %v", entity)
	}
	if rest := c.get("fieldbook/gaps?limit=3&after=" + page.Next).want(200).page(); len(rest.Items) != 2 || rest.Items[1].text("kind") != "unserved" || rest.Next != "" {
		t.Errorf("the second page is %+v", rest)
	}
	c.patch("fieldbook/features/FB-1", `{"objective":"O-1"}`).want(200)
	if page := c.get("fieldbook/gaps?kind=no-objective").want(200).page(); page.Total != 1 {
		t.Errorf("of two features without an objective one got it; left are %+v", page)
	}
	if page := c.get("fieldbook/gaps?objective=O-1").want(200).page(); page.Total != 1 {
		t.Errorf("one gap is of the objective, not %+v", page)
	}
	c.get("fieldbook/gaps?kind=odd&owner=nobody&after=abc").refused(422, "kind", "owner", "after")
	c.get("fieldbook/gaps?whose=mine").refused(422, "whose")
}
