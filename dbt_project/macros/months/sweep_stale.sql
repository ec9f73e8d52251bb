{# After a run: delete the marked rows that nothing has replaced. #}
{% macro sweep_stale() -%}
    {%- if execute and is_incremental() -%}
        delete from {{ this }} where batch_token is null
    {%- endif -%}
{%- endmacro %}
