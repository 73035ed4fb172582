"""The web console: server-rendered pages for privacy officers and administrators, in Dutch, without inline script or style.

`app` puts the routes together; `gate` lets people in and checks their forms; `page` renders templates; `table` sorts, pages and
exports. `navigation` says which pages there are and for whom.
"""
