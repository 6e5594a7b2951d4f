"""Portal profiles: which addresses they take for what, and that broken ones are refused."""

import pytest

from archive_search.errors import ProfileError
from archive_search.portals import GENERIC, PagingRule, Profile, bundled_profiles, load_profile, parse_profile

SOTTTT = "http://sotttt.hanoi.gov.vn"
PAGING = (
    "?p_p_id=101&p_p_lifecycle=0&p_p_state=normal&p_p_mode=view&p_p_col_id=column-1&p_p_col_pos=1"
    "&p_p_col_count=2&_101_delta=20&_101_keywords=&_101_advancedSearch=false&_101_andOperator=true"
    "&p_r_p_564233524_resetCur=false&_101_cur=3"
)


def kind(profile, url):
    if profile.is_excluded(url):
        return "excluded"
    found = {
        "print": profile.is_print_view(url),
        "article": profile.is_article(url),
        "listing": profile.is_listing(url),
    }
    names = [name for name, is_it in found.items() if is_it]
    assert len(names) <= 1, names
    return names[0] if names else "other"


@pytest.mark.parametrize("name", bundled_profiles())
def test_a_bundled_profile_is_named_as_its_file_and_says_how_it_was_checked(name):
    profile = load_profile(name)
    assert profile.name == name
    assert profile.label and profile.verified and profile.select.title and profile.select.body
    assert profile.politeness.delay_s >= 2


@pytest.mark.parametrize("name", bundled_profiles())
def test_every_seed_is_a_listing_of_its_portal(name):
    profile = load_profile(name)
    for seed in profile.seeds:
        assert profile.owns(seed) and kind(profile, seed) == "listing", seed


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/vi/tin-tuc-su-kien", "listing"),
        (f"/vi/tin-tuc-su-kien{PAGING}", "listing"),
        (f"/hoat-ong-ang-oan-the{PAGING}", "listing"),
        ("/vi/tin-tuc-su-kien/-/view_content/741675-hoi-khoe.html", "article"),
        ("/qlttps/-/view_content/3675807-nghi-dinh.html?redirect=https%3A%2F%2Fx.vn%2Fqlttps", "article"),
        ("/vi/thanh-tra/-/view_content/pop_up/7-x.html?_101_viewMode=print", "print"),
        ("/en/tin-tuc-su-kien", "excluded"),
        ("/en/tin-tuc-su-kien/-/view_content/741675-hoi-khoe.html", "excluded"),
        ("/web/sotttt-eng/home.html", "excluded"),
        ("/web/sotttt-eng/news/-/view_content/1-x.html/vi/en/vi", "excluded"),
        ("/vi/tin-tuc-su-kien/-/view_content/1-x.html/en", "excluded"),
        ("/vi/en/vi/tin-tuc", "excluded"),
        ("/dang-nhap?p_p_id=58", "excluded"),
        ("/c/portal/login", "excluded"),
        ("/vi/thu-tuc-hanh-chinh?p_p_id=1_WAR_portaltthcportlet&_1_WAR_portaltthcportlet_id=9", "other"),
        ("/documents/554897/0/a.pdf", "other"),
    ],
)
def test_the_liferay_profile_tells_addresses_apart(path, expected):
    assert kind(load_profile("sotttt-hanoi"), SOTTTT + path) == expected


@pytest.mark.parametrize(
    "path",
    ["/vi/tin/-/view_content/741675-a.html", "/tin/-/view_content/pop_up/741675-a.html?_101_viewMode=print"],
)
def test_an_article_has_one_number_under_every_section_and_in_print(path):
    assert load_profile("sotttt-hanoi").article_number(SOTTTT + path) == "741675"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/tin-tuc-su-kien/", "listing"),
        ("/tin-tuc-su-kien/tin-kinh-te", "listing"),
        ("/tin-tuc-su-kien/page/12", "listing"),
        ("/van-ban-phap-luat/van-ban-cua-huyen", "listing"),
        ("/1-ha-trong-dua-chuot-lay-hat-thu-hon-500-trieu-dong", "article"),
        ("/img/27-02-2020-08.PNG", "excluded"),
        ("/_layouts/images/blank.gif", "excluded"),
        ("/TinTuc/tintuc/Lists/Posts/AllPosts.aspx?CategoryId=16", "excluded"),
    ],
)
def test_the_daksong_profile_tells_addresses_apart(path, expected):
    assert kind(load_profile("daksong"), f"http://daksong.daknong.gov.vn{path}") == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/portal/Pages/tin-tuc.aspx?PageIndex=3", "listing"),
        ("/portal/Pages/2021-3-15/Hoi-nghi-truc-tuyen-ccfw2k.aspx", "article"),
        ("/portal/Pages/print.aspx?p=7372", "excluded"),
    ],
)
def test_the_tandan_profile_tells_addresses_apart(path, expected):
    assert kind(load_profile("tandan"), f"https://www.dienbien.gov.vn{path}") == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/news/doan-the/", "listing"),
        ("/news/doan-the/page-3", "listing"),
        ("/news/doan-the/ra-quan-42.html", "article"),
        ("/news/print/doan-the/ra-quan-42.html", "excluded"),
        ("/users/login/", "excluded"),
    ],
)
def test_the_nukeviet_profile_tells_addresses_apart(path, expected):
    assert kind(load_profile("nukeviet"), f"https://xa.example.gov.vn{path}") == expected


def test_a_profile_of_one_s_own_comes_before_the_bundled_one(tmp_path):
    (tmp_path / "daksong.toml").write_text('name = "daksong"\nlabel = "Của tôi"', encoding="utf-8")
    assert load_profile("daksong", tmp_path).label == "Của tôi"


def test_an_unknown_profile_is_refused_with_the_known_names():
    with pytest.raises(ProfileError, match="sotttt-hanoi"):
        load_profile("khong-co")


def test_a_profile_cannot_be_read_from_outside_its_folder():
    with pytest.raises(ProfileError):
        load_profile("../secret")


@pytest.mark.parametrize(
    "text",
    [
        'name = "x"',
        "name = ",
        'name = "x"\nlabel = "X"\ncolour = "red"',
        'name = "x"\nlabel = 7',
        'name = "x"\nlabel = "X"\nexclude = ["("]',
        'name = "x"\nlabel = "X"\n[select]\nbodies = "p"',
        'name = "x"\nlabel = "X"\n[politeness]\ndelay_s = "slow"',
        'name = "x"\nlabel = "X"\n[select]\nbody = "p >"',
        'name = "x"\nlabel = "X"\nsitemaps = "http://other.vn/sitemap.xml"',
        'name = "x"\nlabel = "X"\nfeeds = "robots"',
        'name = "x"\nlabel = "X"\npaging = "page"',
        'name = "x"\nlabel = "X"\n[attachments]\nimages = 1',
        *(
            f'name = "x"\nlabel = "X"\n[paging]\n{paging}'
            for paging in (
                'url = "?p={page}"',
                'kind = "link"',
                'kind = "page"',
                'kind = "page"\nurl = "?p=2"',
                'kind = "page"\nurl = "?p={page}&q={page}"',
                'kind = "page"\nurl = "page/{page}"',
                'kind = "page"\nurl = "?p={page}"\nstep = 0',
                'kind = "page"\nurl = "?p={page}"\non = "("',
                'kind = "post"\nurl = "api"\nform = { p = "{page}" }',
                'kind = "post"\nurl = "/api"',
                'kind = "post"\nurl = "/api"\nform = { p = "{page}", q = "{page}" }',
                'kind = "post"\nurl = "/api"\nform = { p = "{page}", q = 1.5 }',
                'kind = "post"\nurl = "/api"\nform = { p = "{page}" }\nread = { q = "a" }',
                'kind = "post"\nurl = "/api"\nform = { p = "{page}" }\nread = { q = "(" }',
                'kind = "post"\nurl = "/api"\nform = { p = "{page}" }\nfragment = "html"',
                'kind = "post"\nurl = "/api"\nform = { p = "{page}" }\nitems = "/d"',
                'kind = "viewstate"\nnext = "a["',
            )
        ),
    ],
)
def test_a_broken_profile_is_refused(text):
    with pytest.raises(ProfileError, match=r"x\.toml"):
        parse_profile(text, source="x.toml")


PAGED = """
name = "x"
label = "X"
hosts = ["x.vn"]
media_hosts = ["media.vn"]
seeds = ["http://x.vn/tin", "http://x.vn/khac", "https://www.x.vn/"]
sitemaps = ["robots", "/sitemap.xml", "http://x.vn/s.xml"]
feeds = "/rss"
"""


def test_sitemaps_and_feeds_are_on_every_host_that_a_crawl_starts_at():
    profile = parse_profile(PAGED, source="x.toml")
    assert profile.origins == ("http://x.vn", "https://www.x.vn")
    assert profile.sitemap_urls == (
        "http://x.vn/robots.txt",
        "https://www.x.vn/robots.txt",
        "http://x.vn/sitemap.xml",
        "https://www.x.vn/sitemap.xml",
        "http://x.vn/s.xml",
    )
    assert profile.feed_urls == ("http://x.vn/rss", "https://www.x.vn/rss")


def test_a_portal_without_seeds_is_asked_over_https():
    profile = parse_profile('name = "x"\nlabel = "X"\nhosts = ["x.vn"]\nfeeds = "/rss"', source="x.toml")
    assert profile.feed_urls == ("https://x.vn/rss",)


def test_files_may_be_on_a_host_that_holds_no_pages():
    profile = parse_profile(PAGED, source="x.toml")
    assert profile.owns_file("http://media.vn/a.pdf") and profile.owns_file("http://x.vn/a.pdf")
    assert not profile.owns("http://media.vn/a.pdf")
    assert not profile.owns_file("http://other.vn/a.pdf")


def test_one_table_and_several_tables_of_paging_are_read_alike():
    rule = 'kind = "page"\nurl = "?p={page}"\n'
    assert parse_profile(f"{PAGED}[paging]\n{rule}", source="x").paging == (
        PagingRule(kind="page", url="?p={page}"),
    )
    assert len(parse_profile(f"{PAGED}[[paging]]\n{rule}[[paging]]\n{rule}", source="x").paging) == 2


def test_a_form_s_fields_keep_their_order_and_may_repeat():
    text = f'{PAGED}[paging]\nkind = "post"\nurl = "/a"\nform = {{ z = "{{page}}", b = ["1", 2], a = 3 }}'
    (rule,) = parse_profile(text, source="x").paging
    assert rule.form == (("z", "{page}"), ("b", "1"), ("b", "2"), ("a", "3"))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/tin-tuc-su-kien-noi-bat", "listing"),
        ("/chi-dao-dieu-hanh/ky-hop-thu-24-4250410182811455.htm", "article"),
        ("/ky-hop-thu-24-4250410182811455.htm", "article"),
        ("/api/NewsZone/NewsZone", "other"),
        ("/api/Weather", "excluded"),
        ("/en/news", "excluded"),
        ("/lien-he-1.htm", "other"),
    ],
)
def test_the_profile_of_the_new_portals_of_hanoi_tells_addresses_apart(path, expected):
    assert kind(load_profile("hanoi-cms"), f"https://hanoi.gov.vn{path}") == expected


def test_the_generic_profile_leaves_everything_to_the_generic_rules():
    assert GENERIC.select.body == ()
    assert GENERIC.article_number("http://x.vn/a-1.html") is None


def test_a_profile_of_an_archive_goes_before_the_bundled_one(tmp_path):
    (tmp_path / "daksong.toml").write_text('name = "daksong"\nlabel = "Của kho"\n', encoding="utf-8")
    assert load_profile("daksong", tmp_path).label == "Của kho"


def test_a_profile_is_named_like_its_file(tmp_path):
    (tmp_path / "moi.toml").write_text('name = "cu"\nlabel = "Cũ"\n', encoding="utf-8")
    with pytest.raises(ProfileError, match="must be that of the file, 'moi'"):
        load_profile("moi", tmp_path)


ON_A_NETWORK_OF_ITS_OWN = 'name = "p"\nlabel = "P"\nhosts = ["a.test", "b.test"]\n[connect_to]\n'


def test_a_host_of_a_private_network_is_where_its_profile_says():
    places = '"a.test" = "10.1.2.3"\n"b.test" = "[fd00::1]:8080"'
    profile = parse_profile(ON_A_NETWORK_OF_ITS_OWN + places, source="p.toml")
    assert profile.addresses == {"a.test": ("10.1.2.3", 0), "b.test": ("fd00::1", 8080)}


@pytest.mark.parametrize(
    "place", ["noi-bo.test", "10.1.2.3:0", "10.1.2.3:tin", "http://10.1.2.3", "", "1@10.1.2.3"]
)
def test_a_place_that_is_no_address_is_refused(place):
    with pytest.raises(ProfileError, match="must be an IP address"):
        parse_profile(f'{ON_A_NETWORK_OF_ITS_OWN}"a.test" = "{place}"', source="p.toml")


def test_the_ports_of_a_portal_are_those_of_the_web_and_of_its_own_addresses():
    profile = Profile(name="p", label="P", seeds=("http://a.test:8080/", "https://a.test/"))
    ports = {port: profile.has_port(f"http://a.test:{port}/") for port in (80, 443, 8080, 22, 8081)}
    assert ports == {80: True, 443: True, 8080: True, 22: False, 8081: False}
    assert not profile.has_port("http://a.test:tin/")
