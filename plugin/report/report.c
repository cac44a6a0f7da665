#include "report/report_int.h"

struct cp_str cp_image_name(const struct cp_report_image *im)
{
	return im->request && im->request->name.n ? im->request->name : CP_S("image");
}

int cp_format_parse(struct cp_str name, enum cp_format *ret_format, struct cp_err *err)
{
	static const char *const names[] = {
		[CP_FORMAT_JSON] = "json",
		[CP_FORMAT_TABLE] = "table",
		[CP_FORMAT_MARKDOWN] = "markdown",
		[CP_FORMAT_MERMAID] = "mermaid",
		[CP_FORMAT_DOT] = "dot",
		[CP_FORMAT_SVG] = "svg",
		[CP_FORMAT_HTML] = "html",
		[CP_FORMAT_JUNIT] = "junit",
		[CP_FORMAT_DOTENV] = "dotenv",
		[CP_FORMAT_GITHUB_OUTPUT] = "github-output",
		[CP_FORMAT_ANNOTATIONS] = "annotations",
	};
	cp_auto_buf struct cp_buf all = CP_BUF_INIT(256);

	*ret_format = CP_FORMAT_JSON;
	if (!name.n)
		return 0;
	for (size_t i = 0; i < CP_LEN(names); i++) {
		if (cp_str_eq(name, cp_str_c(names[i]))) {
			*ret_format = (enum cp_format)i;
			return 0;
		}
		cp_buf_printf(&all, "%s%s", i ? ", " : "", names[i]);
	}
	return cp_err_set(err, CP_EUNSUPPORTED, "unknown format %.*s (%.*s)", CP_STR(name),
			  CP_STR(cp_buf_str(&all)));
}

int cp_report_finish(struct cp_buf *out, struct cp_err *err)
{
	int r = cp_buf_error(out);

	if (r == CP_ENOMEM)
		return cp_err_nomem(err);
	return r < 0 ? cp_err_set(err, r, "the report is over %zu bytes", out->max) : 0;
}

int cp_report_graph(const struct cp_report *r, enum cp_format format,
		    const struct cp_report_style *style, struct cp_buf *out, struct cp_err *err)
{
	int rc;

	(void)style;
	if (format == CP_FORMAT_MERMAID)
		rc = cp_report_mermaid(r, out);
	else if (format == CP_FORMAT_DOT)
		rc = cp_report_dot(r, out);
	else if (format == CP_FORMAT_SVG)
		rc = cp_report_svg(r, out);
	else if (format == CP_FORMAT_HTML)
		rc = cp_report_html(r, out);
	else
		return cp_err_set(err, CP_EUNSUPPORTED, "a graph is mermaid, dot, svg or html");
	return rc < 0 ? cp_err_nomem(err) : cp_report_finish(out, err);
}

int cp_report_prediction(const struct cp_report *r, enum cp_format format,
			 const struct cp_report_style *style, struct cp_buf *out,
			 struct cp_err *err)
{
	static const struct cp_report_style plain;

	if (!style)
		style = &plain;
	switch (format) {
	case CP_FORMAT_JSON:
		cp_report_json(r, style, out);
		break;
	case CP_FORMAT_TABLE:
		cp_report_table(r, style, out);
		break;
	case CP_FORMAT_MARKDOWN:
		cp_report_markdown(r, out);
		break;
	case CP_FORMAT_MERMAID:
	case CP_FORMAT_DOT:
	case CP_FORMAT_SVG:
	case CP_FORMAT_HTML:
		return cp_report_graph(r, format, style, out, err);
	case CP_FORMAT_JUNIT:
		cp_report_junit(r, style, out);
		break;
	case CP_FORMAT_DOTENV:
		cp_report_dotenv(r, out);
		break;
	case CP_FORMAT_GITHUB_OUTPUT:
		cp_report_github_output(r, out);
		break;
	case CP_FORMAT_ANNOTATIONS:
		if (cp_report_annotations(r, out) < 0)
			return cp_err_nomem(err);
		break;
	default:
		return cp_err_set(err, CP_EUNSUPPORTED, "unknown format");
	}
	return cp_report_finish(out, err);
}
